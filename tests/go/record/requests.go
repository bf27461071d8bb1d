package record

import (
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// object is a JSON object.
type object = map[string]any

// requestOf is a request as a history writes it; nil for those that have no place in one.
func requestOf(message any) object {
	switch r := message.(type) {
	case *pb.RangeRequest:
		return object{"range": rangeOf(r)}
	case *pb.PutRequest:
		return object{"put": putOf(r)}
	case *pb.DeleteRangeRequest:
		return object{"delete": deleteOf(r)}
	case *pb.TxnRequest:
		return object{"txn": txnOf(r)}
	case *pb.CompactionRequest:
		return object{"compact": object{"revision": r.Revision, "physical": r.Physical}}
	case *pb.LeaseGrantRequest:
		return object{"lease_grant": object{"lease": r.ID, "ttl": r.TTL}}
	case *pb.LeaseRevokeRequest:
		return object{"lease_revoke": object{"lease": r.ID}}
	case *pb.LeaseKeepAliveRequest:
		return object{"lease_keep_alive": object{"lease": r.ID}}
	case *pb.LeaseTimeToLiveRequest:
		return object{"lease_time_to_live": object{"lease": r.ID, "keys": r.Keys}}
	case *pb.LeaseLeasesRequest:
		return object{"lease_leases": object{}}
	case *pb.HashKVRequest:
		return object{"hash_kv": object{"revision": r.Revision}}
	}
	return nil
}

func rangeOf(r *pb.RangeRequest) object {
	return object{"key": text(r.Key), "range_end": text(r.RangeEnd), "limit": r.Limit, "revision": r.Revision,
		"sort_order": r.SortOrder, "sort_target": r.SortTarget, "serializable": r.Serializable,
		"keys_only": r.KeysOnly, "count_only": r.CountOnly,
		"min_mod_revision": r.MinModRevision, "max_mod_revision": r.MaxModRevision,
		"min_create_revision": r.MinCreateRevision, "max_create_revision": r.MaxCreateRevision}
}

func putOf(r *pb.PutRequest) object {
	return object{"key": text(r.Key), "value": text(r.Value), "lease": r.Lease, "prev_kv": r.PrevKv,
		"ignore_value": r.IgnoreValue, "ignore_lease": r.IgnoreLease}
}

func deleteOf(r *pb.DeleteRangeRequest) object {
	return object{"key": text(r.Key), "range_end": text(r.RangeEnd), "prev_kv": r.PrevKv}
}

func txnOf(r *pb.TxnRequest) object {
	compares := make([]object, len(r.Compare))
	for i, compare := range r.Compare {
		compares[i] = object{"key": text(compare.Key), "range_end": text(compare.RangeEnd),
			"result": compare.Result, "target": targetOf(compare)}
	}
	return object{"compare": compares, "success": opsOf(r.Success), "failure": opsOf(r.Failure)}
}

func targetOf(compare *pb.Compare) object {
	switch compare.Target {
	case pb.Compare_VERSION:
		return object{"version": compare.GetVersion()}
	case pb.Compare_CREATE:
		return object{"create": compare.GetCreateRevision()}
	case pb.Compare_MOD:
		return object{"mod": compare.GetModRevision()}
	case pb.Compare_VALUE:
		return object{"value": text(compare.GetValue())}
	case pb.Compare_LEASE:
		return object{"lease": compare.GetLease()}
	}
	return object{"unknown": object{}}
}

func opsOf(ops []*pb.RequestOp) []object {
	noted := make([]object, len(ops))
	for i, op := range ops {
		switch r := op.Request.(type) {
		case *pb.RequestOp_RequestRange:
			noted[i] = requestOf(r.RequestRange)
		case *pb.RequestOp_RequestPut:
			noted[i] = requestOf(r.RequestPut)
		case *pb.RequestOp_RequestDeleteRange:
			noted[i] = requestOf(r.RequestDeleteRange)
		case *pb.RequestOp_RequestTxn:
			noted[i] = requestOf(r.RequestTxn)
		default:
			noted[i] = object{"missing": object{}}
		}
	}
	return noted
}
