package differential

import (
	"fmt"
	"math/rand/v2"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// Generator draws operations from a seed. What it draws also depends on the revisions that the
// reference has told so far, so that requests hit the interesting ones.
type Generator struct {
	random *rand.Rand
	keys   [][]byte
	// Revision and Compacted are the reference's, kept up to date by the run.
	Revision  int64
	Compacted int64
	// after is what must follow the last operation.
	after []Op
}

// NewGenerator is a generator for one seed.
func NewGenerator(seed uint64) *Generator {
	return &Generator{random: rand.New(rand.NewPCG(seed, 0xb7a1d)), keys: keyPool(), Revision: 1, Compacted: -1}
}

// keyPool is small, so that operations meet, and holds the bytes at which intervals go wrong.
func keyPool() [][]byte {
	keys := [][]byte{{0}, {0, 0}, []byte("a"), []byte("a\x00"), []byte("ab"), []byte("b"), {0xff}, {0xff, 0xff}, []byte("a\xff")}
	for i := range 24 {
		keys = append(keys, fmt.Appendf(nil, "k/%02d", i))
	}
	return keys
}

// choice is one way to go on, as likely as its weight says.
type choice[T any] struct {
	weight int
	make   func() T
}

func pick[T any](random *rand.Rand, choices []choice[T]) T {
	total := 0
	for _, c := range choices {
		total += c.weight
	}
	drawn := random.IntN(total)
	for _, c := range choices {
		if drawn < c.weight {
			return c.make()
		}
		drawn -= c.weight
	}
	panic("unreachable: weights do not add up")
}

// Next draws the next operation.
func (g *Generator) Next() Op {
	if len(g.after) > 0 {
		op := g.after[0]
		g.after = g.after[1:]
		return op
	}
	return pick(g.random, []choice[Op]{
		{2400, func() Op { return Op{Request: g.put()} }},
		{2200, func() Op { return Op{Request: g.rangeRequest()} }},
		{600, func() Op { return Op{Kind: RangeStream, Request: g.streamableRange()} }},
		{700, func() Op { return Op{Request: g.deleteRange()} }},
		{1800, func() Op { return Op{Request: g.txn(0)} }},
		{120, g.compaction},
		{800, g.lease},
		{700, g.watch},
		{150, func() Op { return Op{Request: &pb.HashKVRequest{Revision: g.revision()}} }},
		{200, func() Op { return Op{Kind: Barrier} }},
		{6, func() Op { return Op{Kind: Restart} }},
	})
}

// oneIn is true once in n times.
func (g *Generator) oneIn(n int) bool { return g.random.IntN(n) == 0 }

// key is empty now and then, which no request but a watch allows.
func (g *Generator) key() []byte {
	if g.oneIn(150) {
		return nil
	}
	return g.keys[g.random.IntN(len(g.keys))]
}

// interval is a key with a range end, in any order.
func (g *Generator) interval() (key, end []byte) {
	key = g.key()
	switch g.random.IntN(8) {
	case 0, 1, 2:
		return key, nil
	case 3:
		return key, []byte{0}
	case 4:
		return []byte{0}, []byte{0}
	case 5:
		return []byte("k/"), []byte("k0")
	default:
		return key, g.key()
	}
}

// revision is mostly a readable one or 0, and sometimes compacted, in the future or negative.
func (g *Generator) revision() int64 {
	switch g.random.IntN(16) {
	case 0:
		return g.Revision + 1 + g.random.Int64N(3)
	case 1:
		return g.Compacted
	case 2:
		return g.Compacted - 1
	case 3:
		return -g.random.Int64N(4)
	case 4, 5, 6:
		return g.pastRevision()
	case 7:
		return g.Revision
	default:
		return 0
	}
}

// pastRevision is readable.
func (g *Generator) pastRevision() int64 {
	low := max(g.Compacted, 1)
	return low + g.random.Int64N(g.Revision-low+1)
}

// value is short as a rule; the long ones reach both limits on a request's size.
func (g *Generator) value() []byte {
	size := g.random.IntN(20)
	switch drawn := g.random.IntN(2000); {
	case drawn == 0:
		size = 1_600_000
	case drawn == 1:
		size = 2_200_000
	case drawn < 4:
		size = 700_000
	case drawn < 40:
		size = 5_000 + g.random.IntN(20_000)
	}
	value := make([]byte, size)
	for i := range value {
		value[i] = byte('a' + g.random.IntN(3))
	}
	return value
}

func (g *Generator) put() *pb.PutRequest {
	put := &pb.PutRequest{Key: g.key(), Value: g.value(), PrevKv: g.oneIn(3)}
	if g.oneIn(6) {
		put.Lease = g.leaseID()
	}
	if g.oneIn(12) {
		put.IgnoreLease = true
		put.Lease *= int64(g.random.IntN(2))
	}
	if g.oneIn(12) {
		put.IgnoreValue = true
		if !g.oneIn(3) {
			put.Value = nil
		}
	}
	return put
}

func (g *Generator) deleteRange() *pb.DeleteRangeRequest {
	key, end := g.interval()
	if g.oneIn(2) {
		end = nil
	}
	return &pb.DeleteRangeRequest{Key: key, RangeEnd: end, PrevKv: g.oneIn(2)}
}

func (g *Generator) compaction() Op {
	return Op{Request: &pb.CompactionRequest{Revision: g.compactRevision(), Physical: g.oneIn(4)}}
}

func (g *Generator) compactRevision() int64 {
	switch g.random.IntN(10) {
	case 0:
		return g.revision()
	case 1:
		return g.Revision
	default:
		// Not far from the last one, so that some history stays.
		low := max(g.Compacted, 0)
		return low + g.random.Int64N((g.Revision-low)/2+1)
	}
}
