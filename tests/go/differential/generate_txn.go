package differential

import pb "go.etcd.io/etcd/api/v3/etcdserverpb"

// deepestTxn bounds transactions in transactions.
const deepestTxn = 3

// txn is a tree of transactions. Duplicate keys, unset operations and too many operations come
// with it now and then.
func (g *Generator) txn(depth int) *pb.TxnRequest {
	if depth == 0 && g.oneIn(120) {
		return g.oversizedTxn()
	}
	txn := &pb.TxnRequest{}
	for range g.random.IntN(3) {
		txn.Compare = append(txn.Compare, g.compare())
	}
	txn.Success, txn.Failure = g.branch(depth), g.branch(depth)
	if depth == 0 {
		avoidKnownDeath(txn)
	}
	return txn
}

func (g *Generator) branch(depth int) []*pb.RequestOp {
	var ops []*pb.RequestOp
	for range g.random.IntN(4) {
		ops = append(ops, g.operation(depth))
	}
	return ops
}

func (g *Generator) operation(depth int) *pb.RequestOp {
	choices := []choice[*pb.RequestOp]{
		{40, func() *pb.RequestOp {
			return &pb.RequestOp{Request: &pb.RequestOp_RequestPut{RequestPut: g.put()}}
		}},
		{30, func() *pb.RequestOp {
			return &pb.RequestOp{Request: &pb.RequestOp_RequestRange{RequestRange: g.txnRange()}}
		}},
		{15, func() *pb.RequestOp {
			return &pb.RequestOp{Request: &pb.RequestOp_RequestDeleteRange{RequestDeleteRange: g.deleteRange()}}
		}},
		{1, func() *pb.RequestOp { return &pb.RequestOp{} }},
	}
	if depth < deepestTxn {
		choices = append(choices, choice[*pb.RequestOp]{15, func() *pb.RequestOp {
			return &pb.RequestOp{Request: &pb.RequestOp_RequestTxn{RequestTxn: g.txn(depth + 1)}}
		}})
	}
	return pick(g.random, choices)
}

// txnRange reads the latest state as a rule: one bad revision refuses the whole tree.
func (g *Generator) txnRange() *pb.RangeRequest {
	r := g.rangeRequest()
	if !g.oneIn(5) {
		r.Revision = 0
	}
	return r
}

// compare names any target and result, unknown ones included, and often one that holds.
func (g *Generator) compare() *pb.Compare {
	c := &pb.Compare{
		Key:    g.key(),
		Result: pb.Compare_CompareResult(g.random.IntN(4)),
		Target: pb.Compare_CompareTarget(g.random.IntN(5)),
	}
	if g.oneIn(4) {
		_, c.RangeEnd = g.interval()
	}
	if g.oneIn(50) {
		c.Result = pb.Compare_CompareResult(4 + g.random.IntN(5))
	}
	if g.oneIn(50) {
		c.Target = pb.Compare_CompareTarget(5 + g.random.IntN(5))
	}
	g.setTarget(c)
	return c
}

// setTarget is left out or does not fit the target now and then.
func (g *Generator) setTarget(c *pb.Compare) {
	target := c.Target
	if g.oneIn(30) {
		target = pb.Compare_CompareTarget(g.random.IntN(6))
	}
	switch target {
	case pb.Compare_VERSION:
		c.TargetUnion = &pb.Compare_Version{Version: g.random.Int64N(4)}
	case pb.Compare_CREATE:
		c.TargetUnion = &pb.Compare_CreateRevision{CreateRevision: g.revision()}
	case pb.Compare_MOD:
		c.TargetUnion = &pb.Compare_ModRevision{ModRevision: g.revision()}
	case pb.Compare_VALUE:
		c.TargetUnion = &pb.Compare_Value{Value: g.value()}
	case pb.Compare_LEASE:
		c.TargetUnion = &pb.Compare_Lease{Lease: g.leaseID()}
	}
}

// oversizedTxn stands around the limit on operations, flat or nested.
func (g *Generator) oversizedTxn() *pb.TxnRequest {
	outer := &pb.TxnRequest{Success: g.reads(100 + g.random.IntN(30))}
	if g.oneIn(2) {
		inner := &pb.TxnRequest{Failure: g.reads(20 + g.random.IntN(20))}
		outer.Success[0] = &pb.RequestOp{Request: &pb.RequestOp_RequestTxn{RequestTxn: inner}}
	}
	return outer
}

func (g *Generator) reads(n int) []*pb.RequestOp {
	ops := make([]*pb.RequestOp, n)
	for i := range ops {
		ops[i] = &pb.RequestOp{Request: &pb.RequestOp_RequestRange{
			RequestRange: &pb.RangeRequest{Key: g.keys[i%len(g.keys)]},
		}}
	}
	return ops
}
