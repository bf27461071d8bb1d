//! The rules of etcd's requests: validation, ranges, transactions.
