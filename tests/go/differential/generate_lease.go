package differential

import pb "go.etcd.io/etcd/api/v3/etcdserverpb"

// shortestTTL of a lease that stays: it must outlive the run, whose length nobody knows.
const shortestTTL = 10_000

// leaseID is one of a few, so that operations meet; most are granted at some time.
func (g *Generator) leaseID() int64 {
	if g.oneIn(30) {
		return []int64{-1, 0, 1 << 62}[g.random.IntN(3)]
	}
	return 1 + g.random.Int64N(7)
}

func (g *Generator) lease() Op {
	return pick(g.random, []choice[Op]{
		{40, g.grant},
		{20, func() Op { return Op{Request: &pb.LeaseRevokeRequest{ID: g.leaseID()}} }},
		{15, func() Op {
			return Op{Kind: KeepAlive, Request: &pb.LeaseKeepAliveRequest{ID: g.leaseID()}}
		}},
		{25, func() Op {
			return Op{Request: &pb.LeaseTimeToLiveRequest{ID: g.leaseID(), Keys: g.oneIn(2)}}
		}},
		{10, func() Op { return Op{Request: &pb.LeaseLeasesRequest{}} }},
	})
}

// grant never lets the server choose the id: the two would choose differently.
func (g *Generator) grant() Op {
	id := g.leaseID()
	if id == 0 {
		id = 1
	}
	if g.oneIn(12) {
		return g.shortGrant(id)
	}
	return Op{Request: &pb.LeaseGrantRequest{ID: id, TTL: shortestTTL + g.random.Int64N(100_000)}}
}

// shortGrant asks for a time below the least or above the most, on an id that nobody else uses
// and that is revoked before it can expire.
func (g *Generator) shortGrant(id int64) Op {
	ttl := []int64{-5, 0, 1, 2, 9_000_000_000, 9_000_000_001}[g.random.IntN(6)]
	id += 100
	g.after = append(g.after, Op{Request: &pb.LeaseRevokeRequest{ID: id}})
	return Op{Request: &pb.LeaseGrantRequest{ID: id, TTL: ttl}}
}
