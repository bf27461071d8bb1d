package record

import (
	"context"
	"fmt"
	"strings"

	v3electionpb "go.etcd.io/etcd/server/v3/etcdserver/api/v3election/v3electionpb"
	v3lockpb "go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	"google.golang.org/grpc"
)

// Locks and elections are queues of keys that the server writes for its clients. A history tells
// them by the transactions that the server makes of them, most of which tell no revision, and by
// the times during which a client holds the lock or leads.

// place is a client's key in a queue.
type place struct {
	queue string
	key   text
	lease int64
}

func placeOf(service string, name []byte, lease int64) (place, error) {
	if lease == 0 {
		return place{}, fmt.Errorf("a queue without a lease cannot be recorded: its key is not known")
	}
	return place{service + string(name), fmt.Appendf(nil, "%s/%x", name, lease), lease}, nil
}

// join is what the server does to take a place with a value, and to give it another one.
func (p place) join(value []byte) []object {
	put := object{"put": object{"key": p.key, "value": text(value), "lease": p.lease}}
	at := func(result int) []object {
		return []object{{"key": p.key, "result": result, "target": object{"create": 0}}}
	}
	const equal, greater = 0, 1
	return []object{
		{"txn": object{"compare": at(equal), "success": []object{put}}},
		{"txn": object{"compare": at(greater), "success": []object{put}}},
	}
}

// leave is what the server does to give the place up, when the client asks for that or has gone.
func (p place) leave() object { return object{"delete": object{"key": p.key}} }

// queued does a call about a queue. Nothing else is recorded of these services: reads of a leader.
func (r *Recorder) queued(ctx context.Context, method string, request, answer any, conn *grpc.ClientConn,
	invoke grpc.UnaryInvoker, options []grpc.CallOption) error {
	call := func() error { return invoke(ctx, method, request, answer, conn, options...) }
	switch q := request.(type) {
	case *v3lockpb.LockRequest:
		p, err := placeOf("lock ", q.Name, q.Lease)
		if err != nil {
			return err
		}
		return r.acquire(conn, p, p.join(nil)[:1], call)
	case *v3electionpb.CampaignRequest:
		p, err := placeOf("election ", q.Name, q.Lease)
		if err != nil {
			return err
		}
		return r.acquire(conn, p, p.join(q.Value), call)
	case *v3lockpb.UnlockRequest:
		name, _, _ := strings.Cut(string(q.Key), "/")
		return r.giveUp(conn, place{queue: "lock " + name, key: q.Key}, call)
	case *v3electionpb.ResignRequest:
		return r.giveUp(conn, leading(q.Leader), call)
	case *v3electionpb.ProclaimRequest:
		return r.unclear(conn, leading(q.Leader).join(q.Value)[1:], call)
	}
	return call()
}

func leading(l *v3electionpb.LeaderKey) place {
	return place{"election " + string(l.GetName()), l.GetKey(), l.GetLease()}
}

// acquire waits for the client's turn. A call that fails gives the place up again.
func (r *Recorder) acquire(conn *grpc.ClientConn, p place, writes []object, call func() error) error {
	err := r.unclear(conn, append(writes, p.leave()), call)
	if err == nil {
		r.hold(conn, p)
	}
	return err
}

func (r *Recorder) giveUp(conn *grpc.ClientConn, p place, call func() error) error {
	r.release(conn, p.queue)
	return r.unclear(conn, []object{p.leave()}, call)
}

// unclear does a call of which nobody is told which of the writes have happened.
func (r *Recorder) unclear(conn *grpc.ClientConn, writes []object, call func() error) error {
	ids := make([]int64, len(writes))
	for i, write := range writes {
		ids[i] = r.call(conn, write)
	}
	err := call()
	for _, id := range ids {
		r.lost(id, "the service does not tell")
	}
	return err
}

func (r *Recorder) hold(conn *grpc.ClientConn, p place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	client := r.client(conn)
	r.holds[heldLock{client, p.queue}] = true
	r.write(&line{Event: "hold", Client: client, Lock: p.queue, Lease: p.lease, Time: r.now()})
}

// release comes before anything is done to give the lock back.
func (r *Recorder) release(conn *grpc.ClientConn, queue string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := heldLock{r.client(conn), queue}
	if r.holds[held] {
		delete(r.holds, held)
		r.write(&line{Event: "release", Client: held.client, Lock: queue, Time: r.now()})
	}
}
