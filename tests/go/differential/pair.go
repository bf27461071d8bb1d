package differential

import (
	"fmt"
	"path/filepath"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"braid/tests/member"
)

// Setup names the two servers of a run. Both are started on empty folders below Dir.
type Setup struct {
	Reference member.Config
	Server    member.Config
	Dir       string
	// ServerDial changes the connection to the server: planted faults live there.
	ServerDial []grpc.DialOption
}

// pair is the two servers in lockstep.
type pair struct {
	want, got *side
	// revision and compacted are the reference's.
	revision, compacted int64
	// furthest is the highest revision at which a watcher starts.
	furthest int64
}

// Mismatch is a difference between the two servers.
type Mismatch struct {
	Step       int
	Op         Op
	Want, Got  Answer
	Difference string
}

func (m *Mismatch) Error() string {
	return fmt.Sprintf("step %d: %s\n  operation: %s\n  reference: %s\n  server:    %s",
		m.Step, m.Difference, m.Op, m.Want, m.Got)
}

func startPair(setup Setup) (*pair, error) {
	want, err := startSide(setup.Reference, filepath.Join(setup.Dir, "reference"), nil)
	if err != nil {
		return nil, err
	}
	got, err := startSide(setup.Server, filepath.Join(setup.Dir, "server"), setup.ServerDial)
	if err != nil {
		_ = want.member.Kill()
		return nil, err
	}
	return &pair{want: want, got: got, revision: 1, compacted: -1}, nil
}

func startSide(cfg member.Config, dir string, dial []grpc.DialOption) (*side, error) {
	cfg.Dir = dir
	m, err := member.Start(cfg)
	if err != nil {
		return nil, err
	}
	return newSide(m, dial)
}

func (p *pair) stop() {
	for _, s := range []*side{p.want, p.got} {
		s.close()
		_ = s.member.Kill()
	}
}

// step carries out one operation on both servers.
func (p *pair) step(op Op) *Mismatch {
	switch op.Kind {
	case Barrier:
		return p.barrier(op)
	case Restart:
		return p.restart(op)
	}
	if needsQuiet(op) {
		if mismatch := p.barrier(op); mismatch != nil {
			return mismatch
		}
	}
	want, got := p.want.do(op, p.compacted), p.got.do(op, p.compacted)
	p.note(op, want)
	difference := compareAnswers(op, want, got)
	if difference == "" || isAccepted(op, want, got) {
		return nil
	}
	return &Mismatch{Op: op, Want: want, Got: got, Difference: difference}
}

// needsQuiet tells where events under way would make a difference that is nobody's fault: a
// watcher that lags is cancelled by a compaction, and etcd 3.7.1 gives what was under way to a
// cancelled watcher to the next one with its id.
func needsQuiet(op Op) bool {
	switch request := op.Request.(type) {
	case *pb.CompactionRequest:
		return true
	case *pb.WatchRequest:
		return request.GetCancelRequest() != nil
	default:
		return false
	}
}

// note keeps the revisions that the generator and the barriers need.
func (p *pair) note(op Op, answer Answer) {
	if headed, ok := answer.Message.(interface{ GetHeader() *pb.ResponseHeader }); ok {
		p.revision = max(p.revision, headed.GetHeader().GetRevision())
	}
	switch request := op.Request.(type) {
	case *pb.CompactionRequest:
		if answer.Code == codes.OK {
			p.compacted = request.Revision
		}
	case *pb.WatchRequest:
		p.furthest = max(p.furthest, request.GetCreateRequest().GetStartRevision())
	}
}

// barrier writes until no watcher starts in the future, waits until all of them have seen
// everything, and compares what they saw.
func (p *pair) barrier(op Op) *Mismatch {
	for p.revision <= p.furthest {
		if mismatch := p.step(filler()); mismatch != nil {
			return mismatch
		}
	}
	for _, s := range []*side{p.want, p.got} {
		if err := s.reach(p.revision); err != nil {
			return &Mismatch{Op: op, Difference: p.blame(s, err)}
		}
	}
	for id, stream := range p.want.streams {
		if difference := comparePair(stream, p.got.streams[id], p.compacted); difference != "" {
			return &Mismatch{Op: op, Difference: fmt.Sprintf("stream %d: %s", id, difference)}
		}
	}
	return nil
}

func comparePair(want, got *watchStream, compacted int64) string {
	want.mu.Lock()
	defer want.mu.Unlock()
	got.mu.Lock()
	defer got.mu.Unlock()
	return compareStreams(want.log, got.log, compacted)
}

func filler() Op {
	return Op{Request: &pb.PutRequest{Key: []byte("filler"), Value: []byte("x")}}
}

func (p *pair) blame(s *side, err error) string {
	if s == p.want {
		return "reference: " + err.Error()
	}
	return err.Error()
}

func (p *pair) restart(op Op) *Mismatch {
	if mismatch := p.barrier(op); mismatch != nil {
		return mismatch
	}
	p.furthest = 0
	for _, s := range []*side{p.want, p.got} {
		if err := s.restart(); err != nil {
			return &Mismatch{Op: op, Difference: p.blame(s, err)}
		}
	}
	return p.wholeState()
}

// wholeState compares everything that can be read after a restart.
func (p *pair) wholeState() *Mismatch {
	for _, request := range []proto.Message{
		&pb.RangeRequest{Key: []byte{0}, RangeEnd: []byte{0}},
		&pb.HashKVRequest{},
		&pb.LeaseLeasesRequest{},
	} {
		if mismatch := p.step(Op{Request: request}); mismatch != nil {
			return mismatch
		}
	}
	return nil
}
