//! Writing single keys and intervals.

use braid_core::api::{DeleteRangeRequest, DeleteRangeResponse, PutRequest, PutResponse};
use braid_core::error::Error;
use braid_core::kv_list::KvList;
use bytes::Bytes;

use super::{Model, Pair, list};

impl Model {
    pub(super) fn single_put(&mut self, request: &PutRequest) -> Result<PutResponse, Error> {
        self.check_put(request)?;
        let response = self.put(request)?;
        self.commit();
        Ok(response)
    }

    pub(super) fn single_delete(&mut self, request: &DeleteRangeRequest) -> DeleteRangeResponse {
        let response = self.delete(request);
        self.commit();
        response
    }

    pub(super) fn check_put(&self, request: &PutRequest) -> Result<(), Error> {
        if request.lease.0 != 0 && !self.leases.contains_key(&request.lease.0) {
            return Err(Error::LeaseNotFound);
        }
        if (request.ignore_value || request.ignore_lease) && self.pair(&request.key).is_none() {
            return Err(Error::KeyNotFound);
        }
        Ok(())
    }

    pub(super) fn put(&mut self, request: &PutRequest) -> Result<PutResponse, Error> {
        let revision = self.revision + 1;
        let previous = self.pair(&request.key).cloned();
        if (request.ignore_value || request.ignore_lease) && previous.is_none() {
            return Err(Error::KeyNotFound);
        }
        let mut pair = Pair {
            create_revision: revision,
            mod_revision: revision,
            version: 1,
            lease: request.lease.0,
            value: request.value.clone(),
        };
        if let Some(previous) = &previous {
            pair.create_revision = previous.create_revision;
            pair.version = previous.version + 1;
            if request.ignore_value {
                pair.value = previous.value.clone();
            }
            if request.ignore_lease {
                pair.lease = previous.lease;
            }
        }
        let wanted = previous.filter(|_| request.prev_kv);
        let prev_kv = wanted.map(|pair| list([(&request.key, &pair)]));
        self.change(request.key.clone(), Some(pair));
        Ok(PutResponse { revision: self.shown_revision(), prev_kv })
    }

    pub(super) fn delete(&mut self, request: &DeleteRangeRequest) -> DeleteRangeResponse {
        let keys = self.keys_within(&request.key, &request.range_end, u64::MAX);
        self.delete_keys(keys.keys());
        let prev_kvs = if request.prev_kv { list(&keys) } else { KvList::default() };
        let deleted = keys.len() as i64;
        DeleteRangeResponse { revision: self.shown_revision(), deleted, prev_kvs }
    }

    pub(super) fn delete_keys<'a>(&mut self, keys: impl IntoIterator<Item = &'a Bytes>) {
        for key in keys {
            self.change(key.clone(), None);
        }
    }
}
