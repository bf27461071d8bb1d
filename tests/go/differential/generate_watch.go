package differential

import pb "go.etcd.io/etcd/api/v3/etcdserverpb"

// watchStreams is how many watch streams a run uses.
const watchStreams = 3

// furthestFuture bounds how far ahead of the store a watcher may start: a barrier has to write
// that many revisions before the watcher can answer.
const furthestFuture = 12

func (g *Generator) watch() Op {
	op := Op{Kind: Watch, Stream: g.random.IntN(watchStreams)}
	op.Request = pick(g.random, []choice[*pb.WatchRequest]{
		{12, func() *pb.WatchRequest {
			return &pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: g.watchCreate()}}
		}},
		{6, func() *pb.WatchRequest {
			return &pb.WatchRequest{RequestUnion: &pb.WatchRequest_CancelRequest{
				CancelRequest: &pb.WatchCancelRequest{WatchId: g.random.Int64N(12) - 1}}}
		}},
		{3, func() *pb.WatchRequest {
			return &pb.WatchRequest{RequestUnion: &pb.WatchRequest_ProgressRequest{
				ProgressRequest: &pb.WatchProgressRequest{}}}
		}},
		{1, func() *pb.WatchRequest { return &pb.WatchRequest{} }},
	})
	return op
}

func (g *Generator) watchCreate() *pb.WatchCreateRequest {
	key, end := g.interval()
	create := &pb.WatchCreateRequest{Key: key, RangeEnd: end, StartRevision: g.watchStart(),
		PrevKv: g.oneIn(2), ProgressNotify: g.oneIn(4), Fragment: g.oneIn(4)}
	if g.oneIn(4) {
		create.WatchId = g.random.Int64N(12)
	}
	if g.oneIn(4) {
		create.Filters = append(create.Filters, pb.WatchCreateRequest_FilterType(g.random.IntN(3)))
	}
	return create
}

func (g *Generator) watchStart() int64 {
	switch g.random.IntN(10) {
	case 0:
		return g.Revision + 1 + g.random.Int64N(furthestFuture)
	case 1:
		return g.Revision
	case 2:
		return g.revision()
	case 3, 4, 5, 6:
		return g.pastRevision()
	default:
		return 0
	}
}
