package crash

import (
	"context"
	"fmt"
	"math/rand/v2"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
)

// writer sends one write after the other until the server is gone.
type writer struct {
	storm  *storm
	kv     pb.KVClient
	leases pb.LeaseClient
	random *rand.Rand
	number int
	sent   int
	// last is the revision of its latest acknowledged write: later ones must be higher.
	last int64
	// open are its leases that it has not tried to revoke.
	open []*leaseRecord
}

func newWriter(s *storm, conn *grpc.ClientConn, number int, seed uint64) *writer {
	return &writer{storm: s, kv: pb.NewKVClient(conn), leases: pb.NewLeaseClient(conn),
		random: rand.New(rand.NewPCG(seed, 1)), number: number}
}

func (w *writer) run(ctx context.Context) {
	for {
		var err error
		switch w.random.IntN(20) {
		case 0:
			err = w.deleteOwn(ctx)
		case 1:
			err = w.grant(ctx)
		case 2:
			err = w.revoke(ctx)
		case 3, 4:
			err = w.putLeased(ctx)
		case 5, 6, 7, 8, 9:
			err = w.txn(ctx)
		default:
			err = w.put(ctx)
		}
		if err != nil {
			return
		}
	}
}

// begin records a write before it is sent.
func (w *writer) begin(attempt *write) *write {
	w.sent++
	attempt.id = fmt.Sprintf("%d-%d-%d", w.storm.round, w.number, w.sent)
	// The answer arrives in the same goroutine; the record is read when all have ended.
	w.storm.record(attempt)
	return attempt
}

// end notes the answer to a write; changed is false if it says that nothing changed.
func (w *writer) end(attempt *write, header *pb.ResponseHeader, changed bool) {
	attempt.acknowledged = true
	if !changed {
		return
	}
	attempt.revision = header.Revision
	if header.Revision <= w.last {
		w.storm.fault("%v came after an answer with revision %d", attempt, w.last)
	}
	w.last = header.Revision
}

func (w *writer) ownKey() string { return fmt.Sprintf("own/%d/%d", w.number, w.random.IntN(ownKeys)) }

// value is the id, which must be unique; padding would have to be part of it.
func value(attempt *write) []byte { return []byte(attempt.id) }

func (w *writer) put(ctx context.Context) error {
	attempt := w.begin(&write{puts: []string{w.ownKey()}})
	answer, err := w.kv.Put(ctx, &pb.PutRequest{Key: []byte(attempt.puts[0]), Value: value(attempt)})
	if err == nil {
		w.end(attempt, answer.Header, true)
	}
	return err
}

func (w *writer) deleteOwn(ctx context.Context) error {
	prefix := fmt.Sprintf("own/%d/", w.number)
	attempt := w.begin(&write{deletes: prefix})
	answer, err := w.kv.DeleteRange(ctx, &pb.DeleteRangeRequest{Key: []byte(prefix), RangeEnd: prefixEnd(prefix)})
	if err == nil {
		w.end(attempt, answer.Header, answer.Deleted > 0)
	}
	return err
}

// prefixEnd is the first key after all that begin with prefix, whose last byte is not 0xff.
func prefixEnd(prefix string) []byte {
	end := []byte(prefix)
	end[len(end)-1]++
	return end
}

// txn puts several keys of all shards at once, if a random condition holds.
func (w *writer) txn(ctx context.Context) error {
	attempt := &write{}
	for _, n := range w.random.Perm(sharedKeys)[:2+w.random.IntN(5)] {
		attempt.puts = append(attempt.puts, fmt.Sprintf("shared/%02d", n))
	}
	w.begin(attempt)
	request := &pb.TxnRequest{Success: putsOf(attempt)}
	if w.random.IntN(3) == 0 {
		request.Compare = []*pb.Compare{{Key: []byte(w.ownKey()), Result: pb.Compare_GREATER,
			Target: pb.Compare_VERSION, TargetUnion: &pb.Compare_Version{Version: 1}}}
	}
	answer, err := w.kv.Txn(ctx, request)
	if err == nil {
		w.end(attempt, answer.Header, answer.Succeeded)
	}
	return err
}

func putsOf(attempt *write) []*pb.RequestOp {
	var ops []*pb.RequestOp
	for _, key := range attempt.puts {
		ops = append(ops, &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: &pb.PutRequest{
			Key: []byte(key), Value: value(attempt), Lease: attempt.lease}}})
	}
	return ops
}
