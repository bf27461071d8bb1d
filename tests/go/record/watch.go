package record

import (
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
)

// queue hands numbers out in the order in which they came in; 0 when it is empty.
type queue struct {
	mu      sync.Mutex
	numbers []int64
}

func (q *queue) push(number int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.numbers = append(q.numbers, number)
}

func (q *queue) pop() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.numbers) == 0 {
		return 0
	}
	number := q.numbers[0]
	q.numbers = q.numbers[1:]
	return number
}

// watchStream notes the watchers that live on a stream, and what they are told.
type watchStream struct {
	grpc.ClientStream
	recorder *Recorder
	client   int64
	number   int64
	// created holds watchers that the server has not confirmed; it does so in order.
	created queue
	// watchers are the history's numbers of the server's watch ids. The recorder's lock guards it.
	watchers map[int64]int64
}

func newWatchStream(r *Recorder, conn *grpc.ClientConn, stream grpc.ClientStream) *watchStream {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &watchStream{ClientStream: stream, recorder: r, client: r.client(conn), number: r.number(),
		watchers: map[int64]int64{}}
}

func (s *watchStream) SendMsg(message any) error {
	if request, ok := message.(*pb.WatchRequest); ok {
		if create := request.GetCreateRequest(); create != nil {
			s.open(create)
		}
		if cancel := request.GetCancelRequest(); cancel != nil {
			s.cancel(cancel.WatchId)
		}
	}
	return s.ClientStream.SendMsg(message)
}

func (s *watchStream) open(create *pb.WatchCreateRequest) {
	r := s.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	watch := r.number()
	s.created.push(watch)
	r.write(&line{Event: "watch", Client: s.client, Watch: watch, Stream: s.number, Time: r.now(),
		Create: createOf(create)})
}

// cancel: the client asks for a watcher's end.
func (s *watchStream) cancel(id int64) {
	r := s.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	if watch := s.watchers[id]; watch != 0 {
		r.write(&line{Event: "cancel", Client: s.client, Watch: watch, Time: r.now()})
	}
}

func (s *watchStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if err != nil {
		s.end()
	} else if response, ok := message.(*pb.WatchResponse); ok {
		s.told(response)
	}
	return err
}

func (s *watchStream) told(response *pb.WatchResponse) {
	r := s.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &line{Event: "told", Client: s.client, Time: r.now(), Response: toldOf(response)}
	switch {
	case response.Created:
		l.Watch = s.created.pop()
		s.watchers[response.WatchId] = l.Watch
	case response.WatchId == -1:
		l.Stream = s.number
	default:
		l.Watch = s.watchers[response.WatchId]
	}
	r.write(l)
}

// end: nothing more comes on the stream.
func (s *watchStream) end() {
	r := s.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, watch := range s.watchers {
		r.write(&line{Event: "unwatch", Client: s.client, Watch: watch, Time: r.now()})
	}
	clear(s.watchers)
}
