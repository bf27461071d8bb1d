//! Money that goes from account to account: whenever somebody looks, it is all there.

use std::collections::BTreeMap;

use braid_core::api::{RangeRequest, RangeResponse, Request, Response};
use braid_core::error::Error;
use braid_core::ids::LeaseId;
use bytes::Bytes;

use super::request::{all, if_unchanged, put, read};
use super::{Known, Step, Workload};
use crate::failure::{Failure, Verdict};
use crate::model::random::Random;

const PREFIX: &str = "bank/";
const ACCOUNTS: u64 = 4;
const BALANCE: u64 = 100;

/// Balance and last change of each account.
type Accounts = BTreeMap<Bytes, (u64, u64)>;

#[derive(Default)]
pub(super) struct Bank {
    /// As they were read last.
    accounts: Accounts,
}

impl Workload for Bank {
    fn next(&mut self, known: &mut Known, random: &mut Random) -> Step {
        Step::Call(match random.below(6) {
            0 => Request::Range(all(PREFIX)),
            1 => {
                let revision = known.old_revision(random);
                Request::Range(RangeRequest { revision, ..all(PREFIX) })
            }
            _ if self.accounts.is_empty() => open(),
            _ => self.transfer(random),
        })
    }

    fn answered(
        &mut self,
        request: &Request,
        answer: &Result<Response, Error>,
        _: &mut Known,
    ) -> Verdict {
        let Ok(answer) = answer else { return Ok(()) };
        let Some(range) = read(answer, 0) else { return Ok(()) };
        let accounts = accounts(range)?;
        if !matches!(request, Request::Range(range) if range.revision > 0) {
            self.accounts = accounts;
        }
        Ok(())
    }
}

impl Bank {
    fn transfer(&self, random: &mut Random) -> Request {
        let keys: Vec<&Bytes> = self.accounts.keys().collect();
        let (from, to) = (random.pick(&keys), random.pick(&keys));
        let ((had, changed), (has, changed_to)) = (self.accounts[from], self.accounts[to]);
        let amount = random.below(had + 1);
        if from == to {
            return Request::Range(all(PREFIX));
        }
        let balance = |key: &Bytes, balance: u64| put(key, balance.to_string(), LeaseId(0));
        let success = vec![balance(from, had - amount), balance(to, has + amount)];
        if_unchanged(&[(from, changed), (to, changed_to)], success, all(PREFIX))
    }
}

/// Opens all accounts, where there are none.
fn open() -> Request {
    let keys: Vec<Bytes> = (0..ACCOUNTS).map(|at| format!("{PREFIX}{at}").into()).collect();
    let absent: Vec<(&Bytes, u64)> = keys.iter().map(|key| (key, 0)).collect();
    let puts = keys.iter().map(|key| put(key, BALANCE.to_string(), LeaseId(0))).collect();
    if_unchanged(&absent, puts, all(PREFIX))
}

/// The accounts, of which all are there with all of the money, or none.
fn accounts(range: &RangeResponse) -> Result<Accounts, Failure> {
    let wrong = || Failure::new("bank: the total never changes", format!("{range:?}"));
    let mut accounts = Accounts::new();
    for kv in range.kvs.iter() {
        let balance = std::str::from_utf8(kv.value).ok().and_then(|text| text.parse().ok());
        let account = (balance.ok_or_else(wrong)?, kv.meta.mod_revision.0);
        accounts.insert(Bytes::copy_from_slice(kv.key), account);
    }
    let total: u64 = accounts.values().map(|(balance, _)| balance).sum();
    let whole = accounts.len() as u64 == ACCOUNTS && total == ACCOUNTS * BALANCE;
    if whole || accounts.is_empty() { Ok(accounts) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use braid_core::kv_list::{KvList, KvMeta};

    use super::*;

    #[test]
    fn money_that_is_missing_is_noticed() {
        let told = |balances: &[&str]| {
            let mut kvs = KvList::default();
            for (at, balance) in balances.iter().enumerate() {
                kvs.push(format!("bank/{at}").as_bytes(), balance.as_bytes(), KvMeta::default());
            }
            accounts(&RangeResponse { kvs, ..RangeResponse::default() })
        };
        assert!(told(&[]).is_ok());
        assert!(told(&["0", "150", "50", "200"]).is_ok());
        assert!(told(&["0", "150", "50", "199"]).is_err());
        assert!(told(&["200", "150", "50"]).is_err());
    }
}
