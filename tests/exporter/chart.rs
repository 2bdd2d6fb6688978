//! The Helm chart, by both versions of Helm: what is rendered, what is refused, and what must agree with the code.
//!
//! Each contract is a function from a [`Chart`] to what is wrong with it; beside the test that ours has nothing wrong
//! stands one that plants the mistake in a copy and sees it found. `make docs` writes the copies that the chart needs,
//! and the table in its README.

mod copies;
mod environment;
mod lint;
mod monitors;
mod network;
mod notes;
mod objects;
mod pod;
mod refusals;
mod render;
mod rules;
mod security;
mod values;
mod web;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::contracts::root;

/// Where it is, below the repository.
const DIRECTORY: &str = "deploy/helm/github-copilot-exporter";

/// A chart, ours or a copy with something changed.
struct Chart {
    directory: PathBuf,
    _copy: Option<tempfile::TempDir>,
}

impl Chart {
    fn ours() -> Self {
        Self { directory: root().join(DIRECTORY), _copy: None }
    }

    /// A copy of ours in which this text of a file is another one.
    fn changed(file: &str, from: &str, to: &str) -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_directory(&root().join(DIRECTORY), copy.path());
        let text = fs::read_to_string(copy.path().join(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        fs::write(copy.path().join(file), text.replace(from, to)).unwrap();
        Self { directory: copy.path().to_owned(), _copy: Some(copy) }
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.directory.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    fn yaml(&self, file: &str) -> Value {
        yaml(&self.read(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// The files of a directory of it, by name, in order.
    fn files(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.directory.join(directory)).unwrap().map(|entry| entry.unwrap());
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        let mut names: Vec<_> = files.map(|file| file.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// One file of values for each feature.
    fn features(&self) -> Vec<String> {
        self.files("ci").into_iter().map(|file| file.replace("-values.yaml", "")).collect()
    }

    fn feature(&self, name: &str) -> Value {
        self.yaml(&format!("ci/{name}-values.yaml"))
    }
}

fn copy_directory(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_directory(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A document as Kubernetes reads it, to whom 0440 is octal.
fn yaml(text: &str) -> Result<Value, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { legacy_octal_numbers: true })
}
