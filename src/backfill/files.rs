//! A directory of months: each a file that is complete or not there.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    month::{Month, Span},
    openmetrics::Written,
};

/// What has to be the same for the files of a directory to belong together, by name of the switch or variable.
pub type Settings = BTreeMap<String, String>;

/// A directory in which months are written.
#[derive(Debug)]
pub struct Directory {}

/// A month that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its file.
    pub file: PathBuf,
    /// How much is in it.
    pub written: Written,
}

/// Why a directory cannot be used or a month not be written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {}

impl Directory {
    /// Opens it, or makes it.
    ///
    /// # Errors
    /// [`FileError`]: it cannot be made or read, or holds months of a backfill with other settings.
    pub fn open(path: &Path, settings: &Settings) -> Result<Self, FileError> {
        let _ = (path, settings);
        todo!()
    }

    /// The month, if its file is there, whole, and about this very span.
    pub fn finished(&self, span: Span) -> Option<Finished> {
        let _ = span;
        todo!()
    }

    /// Writes a month in place of whatever there was of it.
    ///
    /// # Errors
    /// [`FileError`]; the finished months stay as they are.
    pub fn write(&mut self, month: &Month) -> Result<Finished, FileError> {
        let _ = month;
        todo!()
    }
}

impl Finished {
    /// The command that makes blocks of it.
    pub fn promtool(&self) -> String {
        todo!()
    }
}
