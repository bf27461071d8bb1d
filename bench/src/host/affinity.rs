//! Which processors a thread may use.

use std::io;
use std::str::FromStr;

use rustix::thread::{CpuSet, sched_setaffinity};

/// Processors as `0`, `0,2` or `4-7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cpus(Vec<usize>);

impl FromStr for Cpus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut cpus = vec![];
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            cpus.extend(number(first)?..=number(last)?);
        }
        if cpus.is_empty() { Err(format!("{text:?} holds no processor")) } else { Ok(Self(cpus)) }
    }
}

fn number(text: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(cpu) if cpu < CpuSet::MAX_CPU => Ok(cpu),
        _ => Err(format!("{text:?} is no processor's number")),
    }
}

impl std::fmt::Display for Cpus {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(usize::to_string).collect();
        formatter.write_str(&numbers.join(","))
    }
}

impl Cpus {
    /// These and those.
    pub fn and(&self, others: &Self) -> Self {
        let mut all = [&self.0[..], &others.0].concat();
        all.sort_unstable();
        all.dedup();
        Self(all)
    }
}

/// Keeps the calling thread, and those that it starts from now on, on these processors.
pub fn pin(cpus: &Cpus) -> io::Result<()> {
    let mut set = CpuSet::new();
    for &cpu in &cpus.0 {
        set.set(cpu);
    }
    Ok(sched_setaffinity(None, &set)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_processors_are_read() {
        assert_eq!("0,4-6".parse(), Ok(Cpus(vec![0, 4, 5, 6])));
        for text in ["", "x", "1-", "3-1", "99999"] {
            assert!(text.parse::<Cpus>().is_err(), "{text}");
        }
    }
}
