//! The log on a disk in memory: what recovery makes of sound, torn, damaged and forged bytes.

mod damage;
mod hostile;
mod leftovers;
mod recovery;
mod support;
mod torn;
