//! Requests in words, for the log: as etcd does, with keys and without values.

use bytes::Bytes;
use prost::Message;

use crate::grpc::method::Method;
use crate::proto::etcdserverpb as pb;

/// Bytes of a key that are shown.
const SHOWN_BYTES: usize = 128;

/// What `message` asks `method` for; empty for what has no key.
#[must_use]
pub fn request(method: Method, message: Bytes) -> String {
    // A message that cannot be decoded was refused, and there is nothing to tell of it.
    match method {
        Method::Range => pb::RangeRequest::decode(message).map(|request| range(&request)),
        Method::Put => pb::PutRequest::decode(message).map(|request| put(&request)),
        Method::DeleteRange => {
            let words = |request: pb::DeleteRangeRequest| keys(&request.key, &request.range_end);
            pb::DeleteRangeRequest::decode(message).map(words)
        }
        Method::Txn => pb::TxnRequest::decode(message).map(|request| txn(&request)),
        _ => Ok(String::new()),
    }
    .unwrap_or_default()
}

fn keys(key: &[u8], range_end: &[u8]) -> String {
    let shown = |key: &[u8]| key[..key.len().min(SHOWN_BYTES)].escape_ascii().to_string();
    if range_end.is_empty() {
        return format!("key:\"{}\"", shown(key));
    }
    format!("key:\"{}\" range_end:\"{}\"", shown(key), shown(range_end))
}

fn range(request: &pb::RangeRequest) -> String {
    let mut words = keys(&request.key, &request.range_end);
    for (name, number) in [("limit", request.limit), ("revision", request.revision)] {
        if number != 0 {
            words += &format!(" {name}:{number}");
        }
    }
    let flags = [
        ("serializable", request.serializable),
        ("keys_only", request.keys_only),
        ("count_only", request.count_only),
    ];
    for (name, _) in flags.iter().filter(|(_, set)| *set) {
        words += &format!(" {name}:true");
    }
    words
}

fn put(request: &pb::PutRequest) -> String {
    format!("{} value_size:{}", keys(&request.key, &[]), request.value.len())
}

/// The first key stands for all of them.
fn txn(request: &pb::TxnRequest) -> String {
    let counts = [&request.success, &request.failure].map(Vec::len);
    let first = request.compare.first().map(|compare| keys(&compare.key, &compare.range_end));
    let compares = request.compare.len();
    let first = first.map_or(String::new(), |first| format!(" first <{first}>"));
    format!("compare:{compares}{first} success:{} failure:{}", counts[0], counts[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_and_values_are_not() {
        let put =
            pb::PutRequest { key: "k\n".into(), value: "secret".into(), ..Default::default() };
        let words = request(Method::Put, put.encode_to_vec().into());
        assert_eq!(words, r#"key:"k\n" value_size:6"#);
        let range = pb::RangeRequest {
            key: "a".into(),
            range_end: "b".into(),
            limit: 5,
            keys_only: true,
            ..Default::default()
        };
        let words = request(Method::Range, range.encode_to_vec().into());
        assert_eq!(words, r#"key:"a" range_end:"b" limit:5 keys_only:true"#);
    }

    #[test]
    fn long_keys_are_cut_and_broken_messages_are_nothing() {
        let delete = pb::DeleteRangeRequest { key: vec![b'x'; 5000].into(), ..Default::default() };
        let words = request(Method::DeleteRange, delete.encode_to_vec().into());
        assert_eq!(words.len(), SHOWN_BYTES + "key:\"\"".len());
        assert_eq!(request(Method::Txn, Bytes::from_static(&[0xff])), "");
    }
}
