//! `EXPORTER_STATE_DIR`: where the last good numbers are kept across restarts.
//!
//! Nothing here can keep the exporter from starting or from serving: what does not work is a warning in the log, and a
//! line on the overview page until it works again.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufReader, BufWriter},
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use super::saved::{self, Fit, Unfit};
use crate::{
    clock::Instant,
    draft::{Draft, Readers},
    model::State,
};

/// The file. Its form is that of [`saved`].
const FILE: &str = "state.json.gz";

/// The directory with the state of one exporter.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    file: PathBuf,
    fit: Fit,
    /// The directory, locked from the first writing on for as long as the process lives: two that write there would take
    /// turns to lose what the other knows.
    lock: OnceLock<File>,
    /// Whether it has figures of this exporter: what it read or has written itself.
    is_known: AtomicBool,
}

impl Store {
    /// The store in a directory, which need not exist yet, for what fits the configuration.
    pub fn new(directory: &Path, fit: Fit) -> Self {
        let (directory, file) = (directory.to_owned(), directory.join(FILE));
        Self { directory, file, fit, lock: OnceLock::new(), is_known: AtomicBool::new(false) }
    }

    /// The file that it keeps.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What an earlier process knew, put into a state that knows nothing yet. What cannot be used, or is too old to be
    /// shown at `now`, is left out with a warning.
    pub fn load(&self, empty: State, now: Instant) -> State {
        let mut state = empty.clone();
        let file = self.file.display();
        let left_out = match self.read(&mut state) {
            Ok(None) => return empty,
            Ok(Some(left_out)) => left_out,
            Err(why) => {
                tracing::warn!(%file, %why, "EXPORTER_STATE_DIR: what an earlier process knew is ignored");
                return empty;
            }
        };
        for what in left_out {
            tracing::warn!(what, "EXPORTER_STATE_DIR: some of what an earlier process knew is left out");
        }
        for dropped in state.expire(now) {
            tracing::warn!(scope = dropped, "dropped: GitHub has not given its data for 28 days");
        }
        self.is_known.store(true, Ordering::Relaxed);
        tracing::info!(%file, "the figures of an earlier process are served until GitHub is read");
        state
    }

    /// Nothing if there is no file yet.
    fn read(&self, state: &mut State) -> Result<Option<Vec<String>>, Unfit> {
        match fs::metadata(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
            // Opening a pipe would wait for somebody to write to it.
            Ok(found) if !found.is_file() => return Err(io::Error::other("it is no file").into()),
            Ok(_) => {}
        }
        saved::read(BufReader::new(File::open(&self.file)?), &self.fit, state).map(Some)
    }

    /// Replaces what is kept; whatever happens meanwhile, what is there is whole. Of a state without figures there is
    /// nothing to keep: what could not be read at the start, or was of another version, is better than that. Then it is
    /// only found out whether it could be written.
    ///
    /// # Errors
    /// What the system says; then what was kept before stays.
    pub fn save(&self, state: &State) -> io::Result<()> {
        let draft = self.draft(|out| saved::write(state, &self.fit.github, out))?;
        // What is gone must not stay.
        if state.has_figures() || self.is_known.load(Ordering::Relaxed) {
            self.is_known.store(true, Ordering::Relaxed);
            return draft.keep(&File::open(&self.directory)?);
        }
        Ok(())
    }

    fn draft(&self, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<Draft> {
        fs::create_dir_all(&self.directory)
            .map_err(|error| io::Error::other(format!("the directory cannot be made: {error}")))?;
        if self.lock.get().is_none() {
            let directory = File::open(&self.directory)?;
            // A file system without locks is no reason not to write.
            if matches!(directory.try_lock(), Err(TryLockError::WouldBlock)) {
                return Err(io::Error::other("another process keeps its figures there"));
            }
            self.lock.get_or_init(|| directory);
        }
        Draft::write(&self.file, Readers::Owner, fill).map(|(draft, ())| draft)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use chrono::TimeDelta;

    use super::*;
    use crate::{
        config::{Installed, TeamPatterns},
        github::usage::UsageDay,
        model::{Records, Update},
        owner::Owner,
        source::Source,
    };

    fn store(directory: &Path) -> Store {
        let teams = TeamPatterns::parse(&["*"]).unwrap();
        let github = "https://api.github.com".parse().unwrap();
        let sources = Source::ALL.into();
        Store::new(directory, Fit { github, api: None, teams, installed: Installed::None, sources })
    }

    fn empty() -> State {
        State::new(&[Owner::org("octo")], &Source::ALL.into())
    }

    fn noon() -> Instant {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    /// A state with a day that has so many suggestions.
    fn state(suggestions: i64) -> State {
        let mut state = empty();
        let day = UsageDay {
            day: noon().date_naive(),
            total_suggestions_count: Some(suggestions),
            ..UsageDay::default()
        };
        let (owner, days) = (Owner::org("octo"), Some(Records::Usage(vec![day])));
        state.apply(Update::Days { owner, team: None, days, at: noon() });
        state
    }

    fn suggestions(state: &State) -> Option<i64> {
        let (_, usage) = state.owners[&Owner::org("octo")].usage.days.last_key_value()?;
        usage.totals.suggestions
    }

    fn loaded(store: &Store) -> Option<i64> {
        suggestions(&store.load(empty(), noon()))
    }

    fn names(place: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        fs::read_dir(place).unwrap().map(name).collect()
    }

    #[test]
    fn what_was_saved_last_is_loaded_from_a_directory_that_is_made_and_only_its_owner_can_read() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("a/b");
        let store = store(&directory);
        assert_eq!(loaded(&store), None, "there is no file yet");
        store.save(&state(1)).unwrap();
        store.save(&state(2)).unwrap();
        assert_eq!(loaded(&store), Some(2));
        assert_eq!(names(&directory), [FILE]);
        assert_eq!(fs::metadata(store.file()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_was_not_read_for_a_month_is_not_served_again() {
        let place = tempfile::tempdir().unwrap();
        let store = store(place.path());
        store.save(&state(1)).unwrap();
        let load = |later| suggestions(&store.load(empty(), noon() + later));
        assert_eq!(load(TimeDelta::days(28)), Some(1));
        assert_eq!(load(TimeDelta::days(28) + TimeDelta::seconds(1)), None);
    }

    #[test]
    fn what_cannot_be_read_is_nothing_and_is_replaced() {
        let place = tempfile::tempdir().unwrap();
        let store = store(place.path());
        store.save(&state(1)).unwrap();
        let whole = fs::read(store.file()).unwrap();
        for damaged in [&b""[..], b"garbage", &whole[..whole.len() - 1], &whole[..10]] {
            fs::write(store.file(), damaged).unwrap();
            assert_eq!(loaded(&store), None);
            store.save(&state(2)).unwrap();
            assert_eq!(loaded(&store), Some(2));
        }
        fs::remove_file(store.file()).unwrap();
        fs::create_dir(store.file()).unwrap();
        assert_eq!(loaded(&store), None, "a directory");
        assert!(store.save(&state(1)).is_err());
        fs::remove_dir(store.file()).unwrap();
        symlink("/dev/zero", store.file()).unwrap();
        assert_eq!(loaded(&store), None, "no file");
    }

    #[test]
    fn a_full_disk_leaves_what_was_saved_before_and_the_next_saving_works() {
        let place = tempfile::tempdir().unwrap();
        let store = store(place.path());
        store.save(&state(1)).unwrap();
        symlink("/dev/full", place.path().join(format!(".{FILE}.part"))).unwrap();
        let error = store.save(&state(2)).unwrap_err().to_string();
        assert!(error.contains("No space left on device"), "{error}");
        assert_eq!(loaded(&store), Some(1));
        store.save(&state(3)).unwrap();
        assert_eq!(loaded(&store), Some(3));
    }

    #[test]
    fn a_directory_that_cannot_be_is_told_by_what_the_system_says() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "").unwrap();
        let store = store(&file);
        assert_eq!(loaded(&store), None);
        assert_eq!(
            store.save(&empty()).unwrap_err().to_string(),
            "the directory cannot be made: File exists (os error 17)"
        );
        assert!(store.save(&state(1)).is_err());
    }

    #[test]
    fn what_another_process_keeps_there_is_read_but_not_replaced_until_that_one_is_gone() {
        let place = tempfile::tempdir().unwrap();
        let (one, other) = (store(place.path()), store(place.path()));
        one.save(&state(1)).unwrap();
        for known in [empty(), state(2)] {
            let told = other.save(&known).unwrap_err().to_string();
            assert_eq!(told, "another process keeps its figures there");
        }
        assert_eq!(loaded(&other), Some(1));
        one.save(&state(3)).unwrap();
        drop(one);
        other.save(&state(2)).unwrap();
        assert_eq!(loaded(&other), Some(2));
    }

    #[test]
    fn what_cannot_be_used_stays_until_there_is_something_better() {
        let place = tempfile::tempdir().unwrap();
        let store = store(place.path());
        fs::write(store.file(), "of a newer version").unwrap();
        store.save(&empty()).unwrap();
        assert_eq!(fs::read(store.file()).unwrap(), b"of a newer version");
        store.save(&state(1)).unwrap();
        assert_eq!(loaded(&store), Some(1));
        assert_eq!(names(place.path()), [FILE]);
    }

    #[test]
    fn a_directory_that_is_taken_away_is_made_anew() {
        let place = tempfile::tempdir().unwrap();
        let store = store(&place.path().join("figures"));
        store.save(&state(1)).unwrap();
        fs::remove_dir_all(&store.directory).unwrap();
        assert_eq!(loaded(&store), None);
        store.save(&state(2)).unwrap();
        assert_eq!(loaded(&store), Some(2));
    }
}
