package differential

import pb "go.etcd.io/etcd/api/v3/etcdserverpb"

// rangeRequest uses every option, alone and together, unknown enum values included.
func (g *Generator) rangeRequest() *pb.RangeRequest {
	r := g.streamableRange()
	if g.oneIn(3) {
		r.SortOrder = pb.RangeRequest_SortOrder(g.random.IntN(3))
		r.SortTarget = pb.RangeRequest_SortTarget(g.random.IntN(5))
	}
	if g.oneIn(60) {
		r.SortOrder = pb.RangeRequest_SortOrder(g.random.IntN(8) - 2)
	}
	if g.oneIn(60) {
		r.SortTarget = pb.RangeRequest_SortTarget(g.random.IntN(12) - 3)
	}
	if g.oneIn(8) {
		g.addFilters(r)
	}
	return r
}

func (g *Generator) addFilters(r *pb.RangeRequest) {
	for _, bound := range []*int64{
		&r.MinModRevision, &r.MaxModRevision, &r.MinCreateRevision, &r.MaxCreateRevision,
	} {
		if g.oneIn(3) {
			*bound = g.revision()
		}
	}
}

// streamableRange is what RangeStream takes, with a few requests that it must refuse.
func (g *Generator) streamableRange() *pb.RangeRequest {
	key, end := g.interval()
	r := &pb.RangeRequest{Key: key, RangeEnd: end, Serializable: g.oneIn(4), KeysOnly: g.oneIn(6), CountOnly: g.oneIn(10)}
	if g.oneIn(3) {
		r.Limit = g.random.Int64N(12) - 1
	}
	if g.oneIn(3) {
		r.Revision = g.revision()
	}
	if g.oneIn(40) {
		r.SortOrder = pb.RangeRequest_SortOrder(g.random.IntN(4))
	}
	if g.oneIn(40) {
		r.MinModRevision = g.revision()
	}
	return r
}
