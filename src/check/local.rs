//! What can be seen of this machine without changing anything that matters.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use super::report::{LocalRow, Verdict};
use crate::{
    config::{
        Config,
        variables::{EXPORTER_STATE_DIR, EXPORTER_WEB_CONFIG_FILE, Variable},
    },
    server::web::Web,
};

/// A disk that does not answer for so long hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is written to see whether that is possible: a disk may have room for a name and for nothing else.
const PROBE: [u8; 4096] = [0; 4096];

/// Looks at every file that the configuration names, but for those of credentials, which are tried by asking.
pub(super) async fn look(config: &Config) -> Vec<LocalRow> {
    let mut rows = Vec::new();
    if let Some(path) = config.web_config_file.clone() {
        rows.push(row(EXPORTER_WEB_CONFIG_FILE, "it can be used", move || web(&path)).await);
    }
    if let Some(path) = config.state_dir.clone() {
        rows.push(row(EXPORTER_STATE_DIR, "it can be written to", move || state_dir(&path)).await);
    }
    rows
}

async fn row(
    variable: &'static Variable,
    fine: &'static str,
    look: impl FnOnce() -> Result<(), String> + Send + 'static,
) -> LocalRow {
    let looked = tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(look)).await;
    let looked = match looked {
        Err(_) => Err("the disk does not answer".to_owned()),
        Ok(Err(broken)) => Err(broken.to_string()),
        Ok(Ok(looked)) => looked,
    };
    let verdict = if looked.is_ok() { Verdict::Works } else { Verdict::Refused };
    let detail = looked.map_or_else(|problem| problem, |()| fine.to_owned());
    LocalRow { variable: variable.name, verdict, detail }
}

fn web(path: &Path) -> Result<(), String> {
    Web::open(Some(path)).map(drop).map_err(|unusable| unusable.problems.join("; "))
}

/// Writes a file there and takes it away again; if the directory is yet to be made, where it would be made. A running
/// exporter that keeps its figures there is not disturbed.
fn state_dir(path: &Path) -> Result<(), String> {
    let there = path.ancestors().find(|part| part.exists()).unwrap_or(Path::new("."));
    probe(there).map_err(|error| format!("{}: {error}", there.display()))
}

fn probe(directory: &Path) -> io::Result<()> {
    if !fs::metadata(directory)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let name = format!(".github-copilot-exporter-check-{:016x}", fastrand::u64(..));
    let probe = Probe(directory.join(name));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&probe.0)?;
    file.write_all(&PROBE)?;
    file.sync_all()
}

/// A file that goes away.
struct Probe(PathBuf);

impl Drop for Probe {
    fn drop(&mut self) {
        // If it was never made there is nothing to take away.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_tried_and_left_as_it_was_and_one_that_is_not_there_is_not_made() {
        let directory = tempfile::tempdir().unwrap();
        let wanted = directory.path().join("deep/er");
        for path in [directory.path(), &wanted] {
            assert_eq!(state_dir(path), Ok(()), "{}", path.display());
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_directory_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state");
        fs::write(&file, "mine").unwrap();
        for path in [file.clone(), file.join("below")] {
            assert_eq!(state_dir(&path), Err(format!("{}: not a directory", file.display())));
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    }
}
