package record

import (
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// responseOf is an answer as a history writes it; nil for those that have no place in one.
func responseOf(message any) object {
	switch r := message.(type) {
	case *pb.RangeResponse:
		return object{"range": object{"revision": r.Header.GetRevision(), "kvs": pairsOf(r.Kvs),
			"more": r.More, "count": r.Count}}
	case *pb.PutResponse:
		put := object{"revision": r.Header.GetRevision()}
		if r.PrevKv != nil {
			put["prev_kv"] = pairOf(r.PrevKv)
		}
		return object{"put": put}
	case *pb.DeleteRangeResponse:
		return object{"delete": object{"revision": r.Header.GetRevision(), "deleted": r.Deleted,
			"prev_kvs": pairsOf(r.PrevKvs)}}
	case *pb.TxnResponse:
		return object{"txn": object{"revision": r.Header.GetRevision(), "succeeded": r.Succeeded,
			"responses": resultsOf(r.Responses)}}
	case *pb.CompactionResponse:
		return object{"compact": object{"revision": r.Header.GetRevision()}}
	case *pb.HashKVResponse:
		return object{"hash_kv": object{"revision": r.Header.GetRevision(), "hash": r.Hash,
			"compact_revision": r.CompactRevision, "hash_revision": r.HashRevision}}
	}
	return leaseResponseOf(message)
}

func leaseResponseOf(message any) object {
	switch r := message.(type) {
	case *pb.LeaseGrantResponse:
		return object{"lease_grant": object{"revision": r.Header.GetRevision(), "lease": r.ID, "ttl": r.TTL}}
	case *pb.LeaseRevokeResponse:
		return object{"lease_revoke": object{"revision": r.Header.GetRevision()}}
	case *pb.LeaseKeepAliveResponse:
		return object{"lease_keep_alive": object{"revision": r.Header.GetRevision(), "ttl": r.TTL}}
	case *pb.LeaseTimeToLiveResponse:
		keys := make([]text, len(r.Keys))
		for i, key := range r.Keys {
			keys[i] = key
		}
		return object{"lease_time_to_live": object{"revision": r.Header.GetRevision(), "ttl": r.TTL,
			"granted_ttl": r.GrantedTTL, "keys": keys}}
	case *pb.LeaseLeasesResponse:
		leases := make([]int64, len(r.Leases))
		for i, lease := range r.Leases {
			leases[i] = lease.ID
		}
		return object{"lease_leases": object{"revision": r.Header.GetRevision(), "leases": leases}}
	}
	return nil
}

func resultsOf(results []*pb.ResponseOp) []object {
	noted := make([]object, len(results))
	for i, result := range results {
		switch r := result.Response.(type) {
		case *pb.ResponseOp_ResponseRange:
			noted[i] = responseOf(r.ResponseRange)
		case *pb.ResponseOp_ResponsePut:
			noted[i] = responseOf(r.ResponsePut)
		case *pb.ResponseOp_ResponseDeleteRange:
			noted[i] = responseOf(r.ResponseDeleteRange)
		case *pb.ResponseOp_ResponseTxn:
			noted[i] = responseOf(r.ResponseTxn)
		}
	}
	return noted
}
