//! Reads a history line by line and fits the lines together.
//!
//! Only one line is held as text. What it says is kept until the judgement: memory grows with
//! what the history tells, within the bounds of `Limits`.

mod assemble;
mod fit;

use std::io::{BufRead, Read};

use crate::history::History;
use crate::malformed::{Malformed, Why};
use crate::wire::Line;
use assemble::Assembly;
pub use fit::is_refusal;

/// Bounds of what is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one line.
    pub line_bytes: usize,
    /// Lines.
    pub lines: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line_bytes: 64 << 20, lines: 20_000_000 }
    }
}

/// Reads a history to its end.
///
/// # Errors
/// The first line that does not fit.
pub fn read(mut source: impl BufRead, limits: Limits) -> Result<History, Malformed> {
    let mut text = Vec::new();
    let mut assembly: Option<Assembly> = None;
    let mut line = 0;
    loop {
        line += 1;
        let wrong = |why| Malformed { line, why };
        if !next(&mut source, &mut text, limits.line_bytes).map_err(wrong)? {
            break;
        }
        if line > limits.lines {
            return Err(wrong(Why::TooMany(limits.lines)));
        }
        let parsed = serde_json::from_slice(&text).map_err(|why| wrong(why.into()))?;
        take(&mut assembly, line, parsed).map_err(wrong)?;
    }
    assembly.ok_or(Malformed { line, why: Why::NoHead })?.finish(line)
}

/// Fits lines together that were never text.
///
/// # Errors
/// The first line that does not fit.
pub fn assemble(lines: impl IntoIterator<Item = Line>) -> Result<History, Malformed> {
    let mut assembly: Option<Assembly> = None;
    let mut line = 0;
    for parsed in lines {
        line += 1;
        take(&mut assembly, line, parsed).map_err(|why| Malformed { line, why })?;
    }
    let behind = line + 1;
    assembly.ok_or(Malformed { line: behind, why: Why::NoHead })?.finish(behind)
}

fn take(assembly: &mut Option<Assembly>, line: u64, parsed: Line) -> Result<(), Why> {
    match (assembly, parsed) {
        (assembly @ None, Line::History(head)) => *assembly = Some(Assembly::new(head)?),
        (None, _) => return Err(Why::NoHead),
        (Some(assembly), parsed) => assembly.add(line, parsed)?,
    }
    Ok(())
}

/// Reads the next line; whether there was one.
fn next(source: &mut impl BufRead, text: &mut Vec<u8>, bound: usize) -> Result<bool, Why> {
    text.clear();
    source.take(bound as u64 + 1).read_until(b'\n', text)?;
    if text.len() > bound {
        return Err(Why::TooLong(bound));
    }
    Ok(!text.is_empty())
}
