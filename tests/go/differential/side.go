package differential

import (
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"braid/tests/member"
)

// side is one of the two servers with the connection and watch streams to it.
type side struct {
	member  *member.Member
	dial    []grpc.DialOption
	conn    *grpc.ClientConn
	streams map[int]*watchStream
}

func newSide(m *member.Member, dial []grpc.DialOption) (*side, error) {
	conn, err := m.Dial(dial...)
	if err != nil {
		return nil, err
	}
	return &side{member: m, dial: dial, conn: conn, streams: map[int]*watchStream{}}, nil
}

func (s *side) close() {
	s.closeStreams()
	_ = s.conn.Close()
}

func (s *side) closeStreams() {
	for _, stream := range s.streams {
		stream.close()
	}
	clear(s.streams)
}

// do carries out an operation that stands alone. compacted is the last compacted revision.
func (s *side) do(op Op, compacted int64) Answer {
	switch op.Kind {
	case RangeStream:
		return callRangeStream(s.conn, op.Request.(*pb.RangeRequest))
	case KeepAlive:
		return callKeepAlive(s.conn, op.Request.(*pb.LeaseKeepAliveRequest))
	case Watch:
		return s.watch(op, compacted)
	default:
		return callUnary(s.conn, op.Request)
	}
}

func (s *side) watch(op Op, compacted int64) Answer {
	stream := s.streams[op.Stream]
	if stream == nil {
		var err error
		if stream, err = openWatchStream(s.conn); err != nil {
			return failed(err)
		}
		s.streams[op.Stream] = stream
	}
	if err := stream.send(op.Request.(*pb.WatchRequest), compacted); err != nil {
		return Answer{Fault: err.Error()}
	}
	return Answer{}
}

// reach waits until all watchers have seen everything up to revision.
func (s *side) reach(revision int64) error {
	for id, stream := range s.streams {
		if err := stream.reach(revision); err != nil {
			return fmt.Errorf("stream %d: %w", id, err)
		}
	}
	return nil
}

func (s *side) restart() error {
	s.closeStreams()
	if err := s.member.Kill(); err != nil {
		return err
	}
	if err := s.member.Restart(); err != nil {
		return err
	}
	_ = s.conn.Close()
	conn, err := s.member.Dial(s.dial...)
	s.conn = conn
	return err
}
