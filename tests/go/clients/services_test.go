package clients

import (
	"context"
	"fmt"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3election/v3electionpb"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

func TestLockService(t *testing.T) {
	ctx, client := startWithClient(t)
	service := v3lockpb.NewLockClient(client.ActiveConnection())
	lease, err := client.Grant(ctx, 60)
	must(t, err)
	first, err := service.Lock(ctx, &v3lockpb.LockRequest{Name: []byte("l"), Lease: int64(lease.ID)})
	must(t, err)
	equal(t, "key", string(first.Key), fmt.Sprintf("l/%x", int64(lease.ID)))
	second := make(chan *v3lockpb.LockResponse, 1)
	go func() {
		answer, err := service.Lock(ctx, &v3lockpb.LockRequest{Name: []byte("l")})
		if err != nil {
			t.Error(err)
		}
		second <- answer
	}()
	waitForKeys(t, ctx, client, "l/", 2)
	if len(second) > 0 {
		t.Error("two hold the lock")
	}
	_, err = service.Unlock(ctx, &v3lockpb.UnlockRequest{Key: first.Key})
	must(t, err)
	<-second
}

// waitForKeys waits until a prefix has n keys.
func waitForKeys(t *testing.T, ctx context.Context, client *clientv3.Client, prefix string, n int64) {
	t.Helper()
	for {
		got, err := client.Get(ctx, prefix, clientv3.WithPrefix(), clientv3.WithCountOnly())
		must(t, err)
		if got.Count == n {
			return
		}
	}
}

func TestElectionService(t *testing.T) {
	ctx, client := startWithClient(t)
	service := v3electionpb.NewElectionClient(client.ActiveConnection())
	_, err := service.Leader(ctx, &v3electionpb.LeaderRequest{Name: []byte("e")})
	equal(t, "no leader", status.Convert(err).Message(), "election: no leader")
	equal(t, "code", status.Code(err), codes.Unknown)
	lease, err := client.Grant(ctx, 60)
	must(t, err)
	won, err := service.Campaign(ctx, &v3electionpb.CampaignRequest{Name: []byte("e"), Lease: int64(lease.ID), Value: []byte("1")})
	must(t, err)
	observe, err := service.Observe(ctx, &v3electionpb.LeaderRequest{Name: []byte("e")})
	must(t, err)
	equal(t, "observed", observedValue(t, observe), "1")
	_, err = service.Proclaim(ctx, &v3electionpb.ProclaimRequest{Leader: won.Leader, Value: []byte("2")})
	must(t, err)
	equal(t, "observed", observedValue(t, observe), "2")
	_, err = service.Resign(ctx, &v3electionpb.ResignRequest{Leader: won.Leader})
	must(t, err)
	_, err = service.Proclaim(ctx, &v3electionpb.ProclaimRequest{Leader: won.Leader, Value: []byte("3")})
	equal(t, "proclaim of one who has resigned", status.Convert(err).Message(), "election: not leader")
	_, err = service.Proclaim(ctx, &v3electionpb.ProclaimRequest{})
	equal(t, "proclaim of nobody", status.Convert(err).Message(), `"leader" field must be provided`)
}

func observedValue(t *testing.T, observe v3electionpb.Election_ObserveClient) string {
	t.Helper()
	answer, err := observe.Recv()
	must(t, err)
	return string(answer.Kv.Value)
}

func TestHealthService(t *testing.T) {
	ctx, client := startWithClient(t)
	health := grpc_health_v1.NewHealthClient(client.ActiveConnection())
	answer, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	must(t, err)
	equal(t, "status", answer.Status, grpc_health_v1.HealthCheckResponse_SERVING)
	_, err = health.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "nobody"})
	equal(t, "unknown service", status.Code(err), codes.NotFound)
}

func TestMaintenance(t *testing.T) {
	m := start(t)
	client, ctx := connect(t, m), deadline(t)
	put(t, ctx, client, "a", "1")
	state, err := client.Status(ctx, m.Address())
	must(t, err)
	equal(t, "version", state.Version, "3.7.1")
	equal(t, "leader", state.Leader, state.Header.MemberId)
	members, err := client.MemberList(ctx)
	must(t, err)
	equal(t, "members", len(members.Members), 1)
	equal(t, "name", members.Members[0].Name, "default")
	equal(t, "client URL", members.Members[0].ClientURLs[0], "http://"+m.Address())
	equal(t, "member id", members.Members[0].ID, state.Header.MemberId)
	alarms, err := client.AlarmList(ctx)
	must(t, err)
	equal(t, "alarms", len(alarms.Alarms), 0)
	hash, err := client.HashKV(ctx, m.Address(), 0)
	must(t, err)
	equal(t, "hash revision", hash.HashRevision, 2)
}

// TestUnknownMethodIsRefused by name: nothing that is not built answers OK.
func TestUnknownMethodIsRefused(t *testing.T) {
	ctx, client := startWithClient(t)
	err := client.ActiveConnection().Invoke(ctx, "/etcdserverpb.KV/Frobnicate", &pb.RangeRequest{}, &pb.RangeResponse{})
	equal(t, "code", status.Code(err), codes.Unimplemented)
	equal(t, "text", status.Convert(err).Message(), "unknown method Frobnicate for service etcdserverpb.KV")
	err = client.ActiveConnection().Invoke(ctx, "/nobody.Service/Call", &pb.RangeRequest{}, &pb.RangeResponse{})
	equal(t, "text", status.Convert(err).Message(), "unknown service nobody.Service")
}
