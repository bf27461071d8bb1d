//! Lists that several clients append to, each by compare and put: what was read of a list is the
//! beginning of whatever is read later.

use braid_core::api::{Request, Response};
use braid_core::error::Error;
use braid_core::ids::LeaseId;
use bytes::Bytes;

use super::request::{get, if_unchanged, put, read};
use super::{Known, Step, Workload};
use crate::failure::{Failure, Verdict};
use crate::model::random::Random;

const LISTS: u64 = 2;

/// A list as it was at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
struct List {
    /// 0 while it is not there.
    created: u64,
    changed: u64,
    elements: Bytes,
}

pub(super) struct Append {
    key: Bytes,
    /// As it was read last.
    list: List,
    /// The last list that was put.
    written: Bytes,
}

impl Append {
    pub(super) fn new(seed: u64) -> Self {
        let key = format!("list/{}", seed % LISTS).into();
        Self { key, list: List::default(), written: Bytes::new() }
    }

    fn append(&mut self, element: u64) -> Request {
        let mut elements = self.list.elements.to_vec();
        elements.extend(format!("{element:x},").bytes());
        self.written = elements.into();
        let put = put(&self.key, self.written.clone(), LeaseId(0));
        if_unchanged(&[(&self.key, self.list.changed)], vec![put], get(&self.key))
    }

    /// The list is seen in a later state.
    fn see(&mut self, list: List) -> Verdict {
        let same = list.created == self.list.created;
        if same {
            let grown = list.elements.starts_with(&self.list.elements);
            let later = list.changed > self.list.changed || list == self.list;
            if !grown || !later {
                let evidence = format!("{:?}: {:?}, then {list:?}", self.key, self.list);
                return Err(Failure::new("append: a list only grows", evidence));
            }
        }
        self.list = list;
        Ok(())
    }
}

impl Workload for Append {
    fn next(&mut self, _: &mut Known, random: &mut Random) -> Step {
        Step::Call(match random.below(5) {
            0 => Request::Range(get(&self.key)),
            _ => self.append(random.below(1 << 16)),
        })
    }

    fn answered(
        &mut self,
        _: &Request,
        answer: &Result<Response, Error>,
        _: &mut Known,
    ) -> Verdict {
        let Ok(answer) = answer else { return Ok(()) };
        if let Response::Txn(txn) = answer
            && txn.succeeded
        {
            let changed = txn.revision.0;
            let created = if self.list.changed == 0 { changed } else { self.list.created };
            return self.see(List { created, changed, elements: self.written.clone() });
        }
        let Some(range) = read(answer, 0) else { return Ok(()) };
        let list = range.kvs.iter().next().map(|kv| List {
            created: kv.meta.create_revision.0,
            changed: kv.meta.mod_revision.0,
            elements: Bytes::copy_from_slice(kv.value),
        });
        self.see(list.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_loses_an_element_is_noticed() {
        let list = |changed, elements: &'static str| List {
            created: 2,
            changed,
            elements: Bytes::from_static(elements.as_bytes()),
        };
        let mut append = Append::new(0);
        append.see(list(2, "1,")).expect("it begins");
        append.see(list(3, "1,2,")).expect("it grows");
        assert!(append.see(list(4, "1,3,")).is_err());
        assert!(append.see(list(3, "1,2,3,")).is_err());
        append.see(List::default()).expect("it was deleted");
    }
}
