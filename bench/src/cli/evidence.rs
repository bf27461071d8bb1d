//! `braid-bench evidence`.

use std::path::PathBuf;

use clap::Args;

use crate::error::Error;
use crate::evidence::{read_folder, section, stray_figures, with_section};

#[derive(Args)]
pub struct EvidenceArguments {
    /// The folder of the reports that `compare --json` wrote
    #[arg(long, default_value = "perf/evidence")]
    folder: PathBuf,
    /// The document that the figures stand in
    #[arg(long, default_value = "README.md")]
    readme: PathBuf,
    /// Changes nothing; an error when a figure stands there that no report proves
    #[arg(long)]
    check: bool,
}

/// Writes or checks the figures of a document.
pub fn evidence(arguments: &EvidenceArguments) -> Result<(), Error> {
    let path = &arguments.readme;
    let text = std::fs::read_to_string(path);
    let text = text.map_err(Error::system(path.display().to_string()))?;
    let reports = read_folder(&arguments.folder)?;
    let root = path.parent().unwrap_or(path);
    let links = arguments.folder.strip_prefix(root).unwrap_or(&arguments.folder);
    let wanted = with_section(&text, &section(&reports, links));
    let wanted = wanted.ok_or(Error::Evidence("the document has no section for figures".into()))?;
    if let Some(stray) = stray_figures(&text).first() {
        return Err(Error::Evidence(format!("a figure outside of the section: {stray}")));
    }
    match wanted == text {
        true => Ok(()),
        false if arguments.check => Err(Error::Evidence(format!(
            "{} differs from what the reports say; `braid-bench evidence` writes it",
            path.display()
        ))),
        false => std::fs::write(path, wanted).map_err(Error::system(path.display().to_string())),
    }
}
