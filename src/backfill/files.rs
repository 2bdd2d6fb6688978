//! A directory of months: each a file that is complete or not there.
//!
//! A month is a [`Draft`] until it is whole; so is `backfill.json`, which says what is finished.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File, TryLockError},
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    month::{Month, Span},
    openmetrics::{self, Written},
};
use crate::{
    clock::Instant,
    draft::{Draft, Readers},
};

/// What has to be the same for the files of a directory to belong together, by name of the switch or variable.
pub type Settings = BTreeMap<String, String>;

/// What [`Finished::promtool`] leaves open, and what becomes of blocks that are older than Prometheus keeps any.
pub const PROMTOOL_HINT: &str = "PROMETHEUS_DATA is the directory in which Prometheus keeps its data \
    (--storage.tsdb.path); run promtool as the user that Prometheus runs as. Prometheus deletes what is older than \
    --storage.tsdb.retention.time (15 days unless set): raise it first.";

/// Says what is finished.
const MANIFEST: &str = "backfill.json";

/// The form of the manifest.
const VERSION: u32 = 1;

/// A directory in which months are written. Nobody else can open it meanwhile.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// Holds the lock, and syncs the names; the kernel frees it however the process ends.
    handle: File,
    manifest: Manifest,
}

/// A month that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its file. A month without samples has none.
    pub file: Option<PathBuf>,
    /// How much is in it.
    pub written: Written,
}

/// Why a directory cannot be used or a month not be written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is a file, or not accessible.
    #[error("{} cannot be used as a directory: {error}; name another one, or let this user write there", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Two would write the same files.
    #[error("another backfill is writing to {}; wait until it has ended, or use another directory", .path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// The manifest is there but not accessible.
    #[error("{} cannot be read: {error}; let this user read it, or use another directory", .path.display())]
    Unreadable {
        /// The manifest.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The manifest is not what this program writes.
    #[error(
        "{} is damaged ({error}), so nobody knows which months next to it are whole; \
         delete it, and all months are written anew, or use another directory",
        .path.display()
    )]
    Damaged {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// The manifest is what another version of this program writes.
    #[error(
        "{} has the form {form}, and this version of the exporter knows only {VERSION}; \
         use the version that wrote it, or another directory",
        .path.display()
    )]
    Form {
        /// The manifest.
        path: PathBuf,
        /// The form that it says it has.
        form: u32,
    },
    /// Months with other settings do not go together with these.
    #[error(
        "{} holds months that were written with other settings: {}; use another directory, or the settings as they were",
        .path.display(),
        list(.differences)
    )]
    Settings {
        /// The directory.
        path: PathBuf,
        /// Every setting that differs.
        differences: Vec<Difference>,
    },
    /// A file could not be written, synced or renamed.
    #[error(
        "{} cannot be written: {error}; {}, then run the same command again: the months that are finished stay",
        .path.display(),
        remedy(.error)
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// A setting that is not what it was when the months of a directory were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// What it was, if it was set.
    pub then: Option<String>,
    /// What it is, if it is set.
    pub now: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value =
            |value: &Option<String>| value.as_ref().map_or("not set".into(), |value| format!("`{value}`"));
        write!(f, "{} was {} and is now {}", self.name, value(&self.then), value(&self.now))
    }
}

impl Directory {
    /// Opens it, or makes it.
    ///
    /// # Errors
    /// [`FileError`]: it cannot be made, read or written, is in use, or holds months of a backfill with other settings.
    pub fn open(path: &Path, settings: &Settings) -> Result<Self, FileError> {
        let unusable = |error| FileError::Directory { path: path.into(), error };
        fs::create_dir_all(path).map_err(unusable)?;
        let handle = File::open(path).map_err(unusable)?;
        // A file system without locks is no reason not to write to it.
        if matches!(handle.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(FileError::Busy { path: path.into() });
        }
        let found = Manifest::read(&path.join(MANIFEST))?;
        let is_new = found.is_none();
        let manifest = found.unwrap_or_default().with(path, settings)?;
        let directory = Self { path: path.into(), handle, manifest };
        // Better to hear now than after an hour of asking GitHub that nothing can be written here.
        if is_new {
            directory.save()?;
        }
        Ok(directory)
    }

    /// The month, if its file is there, whole, and about this span: what is in front of it does no harm, but what is
    /// behind it would stand beside live samples.
    pub fn finished(&self, span: Span) -> Option<Finished> {
        let entry = self.manifest.months.get(&key(span))?;
        if entry.begins > span.begins || entry.ends != span.ends {
            return None;
        }
        let written = Written { samples: entry.samples, bytes: entry.bytes };
        let file = if entry.file.is_some() { Some(self.file(span)) } else { None };
        let whole = file.as_ref().is_none_or(|file| is_whole(file, entry.bytes).unwrap_or(false));
        whole.then_some(Finished { file, written })
    }

    /// Writes a month in place of whatever there was of it.
    ///
    /// # Errors
    /// [`FileError`]; the finished months stay as they are.
    pub fn write(&mut self, month: &Month) -> Result<Finished, FileError> {
        let file = self.file(month.span);
        let finished = if month.is_empty() {
            // Nothing can be made of a text without samples, and what an earlier run wrote is no longer so.
            self.forget(month.span)?;
            remove(&file).map_err(|error| FileError::Write { path: file, error })?;
            Finished { file: None, written: Written::default() }
        } else {
            let (draft, written) = draft(&file, |out| openmetrics::write(month, out))?;
            self.forget(month.span)?;
            self.keep(draft, &file)?;
            Finished { file: Some(file), written }
        };
        self.manifest.months.insert(key(month.span), Entry::new(month.span, &finished));
        self.save()?;
        Ok(finished)
    }

    /// Takes note that a month is not finished, whatever its file holds: the next run writes it anew. Done before a month
    /// is replaced, too: was the process killed in between, the manifest would tell of a file that is gone.
    ///
    /// # Errors
    /// [`FileError`] if that cannot be noted.
    pub fn forget(&mut self, span: Span) -> Result<(), FileError> {
        match self.manifest.months.remove(&key(span)) {
            Some(_) => self.save(),
            None => Ok(()),
        }
    }

    fn save(&self) -> Result<(), FileError> {
        let file = self.path.join(MANIFEST);
        let (draft, ()) = draft(&file, |out| {
            serde_json::to_writer_pretty(&mut *out, &self.manifest)?;
            out.write_all(b"\n")
        })?;
        self.keep(draft, &file)
    }

    fn keep(&self, draft: Draft, file: &Path) -> Result<(), FileError> {
        draft.keep(&self.handle).map_err(|error| FileError::Write { path: file.into(), error })
    }

    fn file(&self, span: Span) -> PathBuf {
        self.path.join(file_name(span))
    }
}

impl Finished {
    /// The command that makes blocks of it, for a shell; nothing for a month without samples. [`PROMTOOL_HINT`] says
    /// what else to know.
    ///
    /// It does not give one block a month. promtool knows no durations but 2h, 6h, 18h, 54h, 162h, 486h, 1458h and so
    /// on, takes the longest that is not above the given one (for 744h that is 486h, a little over 20 days), and begins
    /// blocks at multiples of it since 1970: a month becomes two or three blocks, each from its first sample to just
    /// behind its last. No sample is lost by that and none is in two. Without the option a block is 2h long, and promtool
    /// reads the whole file once for each. 744h is the longest that Prometheus itself compacts blocks to.
    pub fn promtool(&self) -> Option<String> {
        let file = quoted(self.file.as_ref()?);
        // The flag is one of `create-blocks-from`. Where the data is, only the user knows: an unset variable is an
        // error of the shell, before promtool would write somewhere else.
        Some(format!(
            "promtool tsdb create-blocks-from --max-block-duration=744h openmetrics {file} \"${{PROMETHEUS_DATA:?}}\""
        ))
    }
}

/// What is in a directory, as it is written down.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    settings: Settings,
    /// By [`key`].
    months: BTreeMap<String, Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    file: Option<String>,
    begins: Instant,
    ends: Instant,
    samples: u64,
    bytes: u64,
}

impl Entry {
    fn new(span: Span, finished: &Finished) -> Self {
        Self {
            file: finished.file.as_ref().map(|_| file_name(span)),
            begins: span.begins,
            ends: span.ends,
            samples: finished.written.samples,
            bytes: finished.written.bytes,
        }
    }
}

impl Manifest {
    /// Nothing, if there is none: without it no file is known to be finished.
    fn read(path: &Path) -> Result<Option<Self>, FileError> {
        /// What tells whether the rest can be understood.
        #[derive(Deserialize)]
        struct Form {
            version: u32,
        }
        let text = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| FileError::Unreadable { path: path.into(), error })?,
        };
        let damaged = |error| FileError::Damaged { path: path.into(), error };
        let Form { version } = serde_json::from_slice(&text).map_err(damaged)?;
        if version != VERSION {
            return Err(FileError::Form { path: path.into(), form: version });
        }
        serde_json::from_slice(&text).map(Some).map_err(damaged)
    }

    /// The same for a run with these settings.
    fn with(self, directory: &Path, settings: &Settings) -> Result<Self, FileError> {
        let differences = differences(&self.settings, settings);
        // Settings without months bind nobody.
        if self.months.is_empty() || differences.is_empty() {
            return Ok(Self { version: VERSION, settings: settings.clone(), ..self });
        }
        Err(FileError::Settings { path: directory.into(), differences })
    }
}

fn differences(then: &Settings, now: &Settings) -> Vec<Difference> {
    let mut names: Vec<_> = then.keys().chain(now.keys()).collect();
    names.sort();
    names.dedup();
    let differs = names.into_iter().filter(|name| then.get(*name) != now.get(*name));
    let difference = |name: &String| Difference {
        name: name.clone(),
        then: then.get(name).cloned(),
        now: now.get(name).cloned(),
    };
    differs.map(difference).collect()
}

fn list(differences: &[Difference]) -> String {
    differences.iter().map(Difference::to_string).collect::<Vec<_>>().join(", ")
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "let this user write there",
        _ => "mend that",
    }
}

/// A draft of a file of a backfill, which whoever runs promtool has to be able to read.
fn draft<T>(
    name: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>,
) -> Result<(Draft, T), FileError> {
    Draft::write(name, Readers::Usual, fill).map_err(|error| FileError::Write { path: name.into(), error })
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The month that a span is in: the UTC month of its first moment.
fn key(span: Span) -> String {
    span.begins.format("%Y-%m").to_string()
}

fn file_name(span: Span) -> String {
    format!("github-copilot-{}.om", key(span))
}

/// Whether a file has so many bytes and the last line that a text has.
fn is_whole(file: &Path, bytes: u64) -> io::Result<bool> {
    let mut file = File::open(file)?;
    let Some(end) = bytes.checked_sub(openmetrics::END.len() as u64) else { return Ok(false) };
    if file.metadata()?.len() != bytes {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(end))?;
    let mut last = String::new();
    file.read_to_string(&mut last)?;
    Ok(last == openmetrics::END)
}

/// A path as a word of a shell's command.
fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%=".contains(c);
    // What begins with a hyphen would be read as an option.
    let here = if path.starts_with('-') { "./" } else { "" };
    if path.chars().all(plain) {
        return format!("{here}{path}");
    }
    format!("'{here}{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::backfill::month::Run;

    const TURNS: &str = "github_copilot_total_chat_turns";
    const MARCH: &str = "github-copilot-2026-03.om";
    const APRIL: &str = "github-copilot-2026-04.om";

    fn span(begins: &str, ends: &str) -> Span {
        Span { begins: begins.parse().unwrap(), ends: ends.parse().unwrap() }
    }

    fn march() -> Span {
        span("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")
    }

    fn april() -> Span {
        span("2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z")
    }

    /// A sample every hour of the span.
    fn month(span: Span) -> Month {
        let mut month = Month::new(span, &[]);
        let count = u32::try_from((span.ends - span.begins).num_hours()).unwrap();
        let run = Run { first: span.begins.timestamp(), step: 3600, count, value: 7.0 };
        month.add_to(TURNS, &["", "octo", ""], run);
        month
    }

    fn settings(step: &str) -> Settings {
        [("--step", step), ("GITHUB_TEAMS", "*")].map(|(name, value)| (name.into(), value.into())).into()
    }

    fn open(path: &Path) -> Directory {
        Directory::open(path, &settings("1h")).unwrap()
    }

    /// A directory in which March is finished.
    fn with_march() -> (tempfile::TempDir, Finished) {
        let place = tempfile::tempdir().unwrap();
        let finished = open(place.path()).write(&month(march())).unwrap();
        (place, finished)
    }

    /// The names of everything in it.
    fn names(place: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<_> = fs::read_dir(place).unwrap().map(name).collect();
        names.sort();
        names
    }

    fn failure(path: &Path, step: &str) -> String {
        Directory::open(path, &settings(step)).unwrap_err().to_string()
    }

    #[test]
    fn a_month_that_was_written_is_finished_for_the_next_run_too() {
        let (place, finished) = with_march();
        let file = place.path().join(MARCH);
        let bytes = fs::metadata(&file).unwrap().len();
        assert_eq!(finished, Finished { file: Some(file), written: Written { samples: 744, bytes } });
        let directory = open(place.path());
        assert_eq!(directory.finished(march()), Some(finished));
        assert_eq!(directory.finished(april()), None);
        assert_eq!(names(place.path()), [MANIFEST, MARCH]);
    }

    #[test]
    fn the_manifest_says_what_is_there_and_by_which_settings() {
        let (place, finished) = with_march();
        let expected = format!(
            r#"{{
  "version": 1,
  "settings": {{
    "--step": "1h",
    "GITHUB_TEAMS": "*"
  }},
  "months": {{
    "2026-03": {{
      "file": "github-copilot-2026-03.om",
      "begins": "2026-03-01T00:00:00Z",
      "ends": "2026-04-01T00:00:00Z",
      "samples": 744,
      "bytes": {}
    }}
  }}
}}
"#,
            finished.written.bytes
        );
        assert_eq!(fs::read_to_string(place.path().join(MANIFEST)).unwrap(), expected);
    }

    #[test]
    fn a_directory_is_made_with_those_above_it_and_files_of_others_are_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/b");
        open(&path);
        fs::write(path.join("notes.txt"), "mine").unwrap();
        let mut directory = open(&path);
        directory.write(&month(march())).unwrap();
        directory.write(&Month::new(march(), &[])).unwrap();
        assert_eq!(names(&path), [MANIFEST, "notes.txt"]);
        assert_eq!(fs::read_to_string(path.join("notes.txt")).unwrap(), "mine");
    }

    #[test]
    fn a_month_of_which_more_is_known_now_is_written_anew() {
        let place = tempfile::tempdir().unwrap();
        let part = span("2026-03-01T00:00:00Z", "2026-03-20T12:34:56.789Z");
        open(place.path()).write(&month(part)).unwrap();
        let mut directory = open(place.path());
        assert!(directory.finished(part).is_some(), "to the millisecond");
        assert_eq!(directory.finished(march()), None);
        let finished = directory.write(&month(march())).unwrap();
        assert_eq!(directory.finished(march()), Some(finished));
        assert_eq!(directory.finished(part), None);
        assert_eq!(names(place.path()), [MANIFEST, MARCH]);
    }

    #[test]
    fn a_month_that_is_to_begin_earlier_is_written_anew_and_one_that_is_to_begin_later_is_there() {
        let place = tempfile::tempdir().unwrap();
        let part = span("2026-03-10T06:00:00Z", "2026-04-01T00:00:00Z");
        let finished = open(place.path()).write(&month(part)).unwrap();
        let later = span("2026-03-10T07:00:00Z", "2026-04-01T00:00:00Z");
        assert_eq!(open(place.path()).finished(march()), None);
        assert_eq!(open(place.path()).finished(later), Some(finished));
    }

    #[test]
    fn a_month_without_samples_is_finished_without_a_file() {
        let (place, _) = with_march();
        let nothing = Finished { file: None, written: Written::default() };
        assert_eq!(open(place.path()).write(&Month::new(march(), &[])).unwrap(), nothing);
        assert_eq!(names(place.path()), [MANIFEST], "what was there is no longer so");
        assert_eq!(open(place.path()).finished(march()), Some(nothing.clone()));
        assert_eq!(nothing.promtool(), None);
    }

    #[test]
    fn a_file_that_is_not_what_was_written_is_written_anew() {
        type Damage = fn(&Path, &str);
        let damages: [(&str, Damage); 5] = [
            ("cut", |file, text| fs::write(file, &text[..text.len() / 2]).unwrap()),
            ("without its end", |file, text| fs::write(file, text.replace("# EOF\n", "# EO\n\n")).unwrap()),
            ("longer", |file, text| fs::write(file, format!("{text}# EOF\n")).unwrap()),
            ("empty", |file, _| fs::write(file, "").unwrap()),
            ("gone", |file, _| fs::remove_file(file).unwrap()),
        ];
        for (what, damage) in damages {
            let (place, finished) = with_march();
            let file = place.path().join(MARCH);
            let text = fs::read_to_string(&file).unwrap();
            damage(&file, &text);
            let mut directory = open(place.path());
            assert_eq!(directory.finished(march()), None, "{what}");
            assert_eq!(directory.write(&month(march())).unwrap(), finished, "{what}");
            assert_eq!(fs::read_to_string(&file).unwrap(), text, "{what}");
        }
    }

    #[test]
    fn files_that_no_manifest_tells_of_are_written_anew() {
        let (place, finished) = with_march();
        fs::remove_file(place.path().join(MANIFEST)).unwrap();
        let mut directory = open(place.path());
        assert_eq!(directory.finished(march()), None);
        assert_eq!(directory.write(&month(march())).unwrap(), finished);
        assert_eq!(directory.finished(march()), Some(finished));
    }

    #[test]
    fn what_a_killed_run_left_behind_does_no_harm_and_is_overwritten() {
        let (place, finished) = with_march();
        fs::write(place.path().join(format!(".{APRIL}.part")), "x".repeat(1 << 20)).unwrap();
        fs::write(place.path().join(".backfill.json.part"), "{").unwrap();
        let mut directory = open(place.path());
        assert_eq!(directory.finished(march()), Some(finished));
        assert_eq!(directory.finished(april()), None);
        let april = directory.write(&month(april())).unwrap();
        assert_eq!(fs::metadata(april.file.unwrap()).unwrap().len(), april.written.bytes);
        assert_eq!(names(place.path()), [MANIFEST, MARCH, APRIL]);
    }

    #[test]
    fn before_a_month_is_replaced_the_manifest_no_longer_tells_of_it() {
        let (place, _) = with_march();
        // A directory in its place lets the run come as far as to the renaming, as if it was killed there.
        let file = place.path().join(MARCH);
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        let error = open(place.path()).write(&month(march())).unwrap_err().to_string();
        assert!(error.contains(&format!("{} cannot be written: Is a directory", file.display())), "{error}");
        let manifest = fs::read_to_string(place.path().join(MANIFEST)).unwrap();
        assert!(!manifest.contains("2026-03"), "{manifest}");
        assert_eq!(names(place.path()), [MANIFEST, MARCH]);
    }

    #[test]
    fn a_full_disk_is_told_the_finished_months_stay_and_a_rerun_completes() {
        let (place, finished) = with_march();
        // The kernel says of this device what it says of a full disk.
        let part = place.path().join(format!(".{APRIL}.part"));
        symlink("/dev/full", &part).unwrap();
        let mut directory = open(place.path());
        let error = directory.write(&month(april())).unwrap_err();
        let file = place.path().join(APRIL);
        let expected = format!(
            "{} cannot be written: No space left on device (os error 28); free some space, then run the same command \
             again: the months that are finished stay",
            file.display()
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!(names(place.path()), [MANIFEST, MARCH]);
        assert_eq!(directory.finished(april()), None);
        drop(directory);
        let mut directory = open(place.path());
        assert_eq!(directory.finished(march()), Some(finished));
        let april_is = directory.write(&month(april())).unwrap();
        assert_eq!(directory.finished(april()), Some(april_is));
    }

    #[test]
    fn a_disk_that_is_full_for_the_manifest_leaves_the_one_before() {
        let (place, finished) = with_march();
        let part = place.path().join(".backfill.json.part");
        symlink("/dev/full", &part).unwrap();
        let error = open(place.path()).write(&month(april())).unwrap_err().to_string();
        assert!(error.contains("backfill.json cannot be written: No space left"), "{error}");
        let mut directory = open(place.path());
        assert_eq!(directory.finished(march()), Some(finished));
        assert_eq!(directory.finished(april()), None, "nobody wrote down that it is whole");
        directory.write(&month(april())).unwrap();
        assert_eq!(names(place.path()), [MANIFEST, MARCH, APRIL]);
    }

    #[test]
    fn a_month_that_cannot_be_replaced_stays_as_it_was() {
        let (place, finished) = with_march();
        symlink("/dev/full", place.path().join(format!(".{MARCH}.part"))).unwrap();
        let mut directory = open(place.path());
        directory.write(&month(march())).unwrap_err();
        assert_eq!(directory.finished(march()), Some(finished.clone()));
        drop(directory);
        assert_eq!(open(place.path()).finished(march()), Some(finished));
    }

    #[test]
    fn other_settings_are_named_one_by_one_with_what_to_do() {
        let (place, _) = with_march();
        let mut other = settings("15m");
        other.remove("GITHUB_TEAMS");
        other.insert("--label".into(), "job=copilot".into());
        let error = Directory::open(place.path(), &other).unwrap_err().to_string();
        let expected = format!(
            "{} holds months that were written with other settings: --label was not set and is now `job=copilot`, \
             --step was `1h` and is now `15m`, GITHUB_TEAMS was `*` and is now not set; use another directory, or the \
             settings as they were",
            place.path().display()
        );
        assert_eq!(error, expected);
        assert!(open(place.path()).finished(march()).is_some(), "nothing was touched");
    }

    #[test]
    fn settings_bind_nobody_before_the_first_month() {
        let place = tempfile::tempdir().unwrap();
        open(place.path());
        let mut directory = Directory::open(place.path(), &settings("15m")).unwrap();
        directory.write(&month(march())).unwrap();
        drop(directory);
        assert!(failure(place.path(), "1h").contains("--step was `15m` and is now `1h`"));
    }

    #[test]
    fn a_manifest_that_is_not_understood_is_named_with_what_to_do() {
        let (place, _) = with_march();
        let manifest = place.path().join(MANIFEST);
        let text = fs::read_to_string(&manifest).unwrap();
        let wrong =
            ["", "{", "null", r#"{"version": 1}"#, "{\"version\": 1, \"settings\": {}, \"months\": []}"];
        for damaged in wrong.map(str::to_owned).into_iter().chain([text[..100].to_owned()]) {
            fs::write(&manifest, &damaged).unwrap();
            let error = failure(place.path(), "1h");
            let (begin, end) = (
                format!("{} is damaged (", manifest.display()),
                "; delete it, and all months are written anew, or use another directory",
            );
            assert!(error.starts_with(&begin) && error.ends_with(end), "{damaged:?}: {error}");
        }
        fs::write(&manifest, r#"{"version": 2, "moons": 1}"#).unwrap();
        let expected = format!(
            "{} has the form 2, and this version of the exporter knows only 1; use the version that wrote it, or \
             another directory",
            manifest.display()
        );
        assert_eq!(failure(place.path(), "1h"), expected);
        assert_eq!(names(place.path()), [MANIFEST, MARCH], "nothing is lost");
    }

    #[test]
    fn two_at_once_do_not_write_to_one_directory() {
        let place = tempfile::tempdir().unwrap();
        let first = open(place.path());
        let expected = format!(
            "another backfill is writing to {}; wait until it has ended, or use another directory",
            place.path().display()
        );
        assert_eq!(failure(place.path(), "1h"), expected);
        drop(first);
        open(place.path());
    }

    #[test]
    fn a_file_is_no_directory() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "mine").unwrap();
        for path in [&file, &file.join("below")] {
            let error = failure(path, "1h");
            let begin = format!("{} cannot be used as a directory: ", path.display());
            assert!(error.starts_with(&begin) && error.contains("; name another one"), "{error}");
        }
        assert_eq!(fs::read_to_string(file).unwrap(), "mine");
    }

    #[test]
    fn a_directory_in_which_nothing_can_be_written_is_refused_before_the_first_month() {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o555)).unwrap();
        // For root there are no permissions.
        if fs::write(place.path().join("probe"), "").is_ok() {
            return;
        }
        let error = failure(place.path(), "1h");
        assert!(
            error.contains("Permission denied") && error.contains("let this user write there"),
            "{error}"
        );
    }

    #[test]
    fn a_manifest_that_cannot_be_read_is_named() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join(MANIFEST)).unwrap();
        let error = failure(place.path(), "1h");
        assert!(
            error.starts_with(&format!("{}/backfill.json cannot be read: ", place.path().display())),
            "{error}"
        );
    }

    #[test]
    fn the_command_for_promtool_is_one_that_a_shell_understands() {
        let line = |file: &str| {
            Finished { file: Some(file.into()), written: Written::default() }.promtool().unwrap()
        };
        let expected = r#"promtool tsdb create-blocks-from --max-block-duration=744h openmetrics out/github-copilot-2026-03.om "${PROMETHEUS_DATA:?}""#;
        assert_eq!(line("out/github-copilot-2026-03.om"), expected);
        let quotes = [
            ("a b.om", "'a b.om'"),
            ("it's.om", r"'it'\''s.om'"),
            ("$HOME/`x`.om", "'$HOME/`x`.om'"),
            ("~/x.om", "'~/x.om'"),
            ("-x.om", "./-x.om"),
            ("- x.om", "'./- x.om'"),
            ("\u{e4}.om", "'\u{e4}.om'"),
        ];
        for (file, quoted) in quotes {
            assert!(line(file).contains(&format!(" openmetrics {quoted} \"$")), "{}", line(file));
        }
    }
}
