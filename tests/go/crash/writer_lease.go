package crash

import (
	"context"
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// leasesPerWriter bounds what a writer keeps open, and with it the checks after a restart.
const leasesPerWriter = 4

func (w *writer) grant(ctx context.Context) error {
	if len(w.open) >= leasesPerWriter {
		return nil
	}
	w.sent++
	lease := &leaseRecord{id: int64(w.storm.round)*1_000_000_000 + int64(w.number)*10_000_000 + int64(w.sent) + 1}
	w.storm.recordLease(lease)
	_, err := w.leases.LeaseGrant(ctx, &pb.LeaseGrantRequest{ID: lease.id, TTL: leaseTTL})
	if err == nil {
		lease.granted = true
		w.open = append(w.open, lease)
	}
	return err
}

// putLeased attaches two keys to one of the writer's leases, in one transaction. Several writers
// share the keys, so that keys also move from one lease to another.
func (w *writer) putLeased(ctx context.Context) error {
	if len(w.open) == 0 {
		return nil
	}
	lease := w.open[w.random.IntN(len(w.open))]
	first := w.random.IntN(sharedKeys)
	attempt := w.begin(&write{lease: lease.id, puts: []string{
		fmt.Sprintf("leased/%02d", first), fmt.Sprintf("leased/%02d", (first+7)%sharedKeys)}})
	answer, err := w.kv.Txn(ctx, &pb.TxnRequest{Success: putsOf(attempt)})
	if err == nil {
		w.end(attempt, answer.Header, true)
	}
	return err
}

func (w *writer) revoke(ctx context.Context) error {
	if len(w.open) == 0 {
		return nil
	}
	lease := w.open[0]
	w.open = w.open[1:]
	lease.revokeTried = true
	attempt := w.begin(&write{revokes: lease.id})
	answer, err := w.leases.LeaseRevoke(ctx, &pb.LeaseRevokeRequest{ID: lease.id})
	if err == nil {
		lease.ended = true
		w.endRevoke(attempt, answer.Header)
	}
	if status.Code(err) == codes.NotFound {
		w.storm.fault("lease %d was granted but is not found", lease.id)
	}
	return err
}

// endRevoke does not know whether there were keys, so that the revision may be another write's:
// history decides.
func (w *writer) endRevoke(attempt *write, header *pb.ResponseHeader) {
	if header.Revision < w.last {
		w.storm.fault("%v was answered with revision %d, after %d", attempt, header.Revision, w.last)
	}
	w.last = header.Revision
}
