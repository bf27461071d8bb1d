//! Whole stories of a member, judged by what etcd promises; and whether the judgement is worth
//! anything: bugs on purpose must be found.

mod faults;
mod planted;
mod recorded;
mod seeds;
mod workloads;
