package record

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"unicode/utf8"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// text is bytes as a history writes them.
type text []byte

// MarshalJSON writes a string when the bytes are UTF-8.
func (t text) MarshalJSON() ([]byte, error) {
	if utf8.Valid(t) {
		return json.Marshal(string(t))
	}
	return json.Marshal(map[string]string{"hex": hex.EncodeToString(t)})
}

type pair struct {
	Key            text  `json:"key,omitempty"`
	Value          text  `json:"value,omitempty"`
	CreateRevision int64 `json:"create_revision,omitempty"`
	ModRevision    int64 `json:"mod_revision,omitempty"`
	Version        int64 `json:"version,omitempty"`
	Lease          int64 `json:"lease,omitempty"`
}

func pairOf(kv *mvccpb.KeyValue) *pair {
	if kv == nil {
		return nil
	}
	return &pair{kv.Key, kv.Value, kv.CreateRevision, kv.ModRevision, kv.Version, kv.Lease}
}

func pairsOf(kvs []*mvccpb.KeyValue) []*pair {
	pairs := make([]*pair, len(kvs))
	for i, kv := range kvs {
		pairs[i] = pairOf(kv)
	}
	return pairs
}

// watchCreate is what a watcher asks for.
type watchCreate struct {
	Key            text  `json:"key,omitempty"`
	RangeEnd       text  `json:"range_end,omitempty"`
	StartRevision  int64 `json:"start_revision,omitempty"`
	ProgressNotify bool  `json:"progress_notify,omitempty"`
	NoPut          bool  `json:"no_put,omitempty"`
	NoDelete       bool  `json:"no_delete,omitempty"`
	PrevKv         bool  `json:"prev_kv,omitempty"`
	Fragment       bool  `json:"fragment,omitempty"`
}

func createOf(create *pb.WatchCreateRequest) *watchCreate {
	return &watchCreate{create.Key, create.RangeEnd, create.StartRevision, create.ProgressNotify,
		slices.Contains(create.Filters, pb.WatchCreateRequest_NOPUT),
		slices.Contains(create.Filters, pb.WatchCreateRequest_NODELETE), create.PrevKv, create.Fragment}
}

func toldOf(response *pb.WatchResponse) map[string]any {
	told := map[string]any{"revision": response.Header.GetRevision()}
	if response.Created {
		told["created"] = true
	}
	if response.Canceled {
		told["canceled"] = true
		told["compact_revision"] = response.CompactRevision
		told["cancel_reason"] = response.CancelReason
	}
	if response.Fragment {
		told["fragment"] = true
	}
	if len(response.Events) > 0 {
		told["events"] = eventsOf(response.Events)
	}
	return told
}

func eventsOf(events []*mvccpb.Event) []map[string]any {
	noted := make([]map[string]any, len(events))
	for i, event := range events {
		noted[i] = map[string]any{"kv": pairOf(event.Kv)}
		if event.Type == mvccpb.Event_DELETE {
			noted[i]["deleted"] = true
		}
		if event.PrevKv != nil {
			noted[i]["prev_kv"] = pairOf(event.PrevKv)
		}
	}
	return noted
}
