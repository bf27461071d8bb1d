//! Folded stacks as pictures that open without a network.

use std::fs::File;
use std::path::Path;

use inferno::{differential, flamegraph};

use crate::error::Error;

/// Draws `stacks`.
pub fn draw(stacks: &[u8], title: &str, out: &Path) -> Result<(), Error> {
    let mut options = flamegraph::Options::default();
    options.title = title.to_owned();
    options.subtitle = Some("processor time, sampled; width is share, not order".to_owned());
    write(&mut options, stacks, out)
}

/// Draws `after`, coloured by what changed since `before`.
pub fn draw_difference(before: &[u8], after: &[u8], title: &str, out: &Path) -> Result<(), Error> {
    let mut changes = vec![];
    // Two recordings never have the same number of samples; shares are what is compared.
    let normalized = differential::Options { normalize: true, ..differential::Options::default() };
    differential::from_readers(normalized, before, after, &mut changes)
        .map_err(Error::system("the difference of two recordings"))?;
    let mut options = flamegraph::Options::default();
    options.title = title.to_owned();
    options.subtitle = Some("red: larger share than before; blue: smaller".to_owned());
    write(&mut options, &changes, out)
}

/// In percent: narrower frames take less than half a pixel.
const NARROWEST: f64 = 0.04;

fn write(options: &mut flamegraph::Options<'_>, stacks: &[u8], out: &Path) -> Result<(), Error> {
    options.min_width = NARROWEST;
    let file = File::create(out).map_err(Error::system(out.display().to_string()))?;
    flamegraph::from_reader(options, stacks, file).map_err(Error::system("the flame graph"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &[u8] = b"core;put;encode 3\ncore;put;sync 1\n";
    const AFTER: &[u8] = b"core;put;encode 1\ncore;put;sync 3\n";

    #[test]
    fn stacks_become_a_picture() {
        let out = std::env::temp_dir().join(format!("braid-perf-test-{}.svg", std::process::id()));
        draw(BEFORE, "a test", &out).unwrap();
        let svg = std::fs::read_to_string(&out).unwrap();
        draw_difference(BEFORE, AFTER, "a test", &out).unwrap();
        let difference = std::fs::read_to_string(&out).unwrap();
        std::fs::remove_file(&out).unwrap();
        assert!(svg.contains("encode (3 samples, 75"), "{svg}");
        assert!(difference.contains("encode") && difference.contains("%; -50"), "{difference}");
    }

    #[test]
    fn a_picture_that_cannot_be_written_is_an_error() {
        let error = draw(BEFORE, "a test", Path::new("/proc/none.svg")).unwrap_err();
        assert!(error.to_string().contains("/proc/none.svg"), "{error}");
    }
}
