//! Files that are whole or not there: written under another name, synced, and only then renamed.
//!
//! A process that is killed, at whatever moment, leaves the file as it was before or as it was to become, and at most one
//! unfinished draft beside it (`.….part`), which the next one overwrites.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, BufWriter},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// A file that is whole but does not have its name yet. Unless it gets it, it goes away.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    name: PathBuf,
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Whoever the process lets read what it makes.
    Usual,
    /// Only the user of the process.
    Owner,
}

impl Draft {
    /// Writes what is to become the file `name`, by `fill`.
    ///
    /// The draft's own name is always the same, so that a process that is killed leaves no more than one behind for each
    /// file.
    ///
    /// # Errors
    /// What `fill` returns, or what the system says; then nothing is left behind.
    pub fn write<T>(
        name: &Path,
        readers: Readers,
        fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>,
    ) -> io::Result<(Self, T)> {
        let mut hidden = OsString::from(".");
        hidden.push(name.file_name().unwrap_or_default());
        hidden.push(".part");
        let draft = Self { path: name.with_file_name(hidden), name: name.into() };
        let filled = draft.fill(readers, fill)?;
        Ok((draft, filled))
    }

    fn fill<T>(
        &self,
        readers: Readers,
        fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut out = BufWriter::with_capacity(1 << 18, create(&self.path, readers)?);
        let filled = fill(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(filled)
    }

    /// Gives it its name in `directory`, which it is in, in the place of the file that had it.
    ///
    /// # Errors
    /// What the system says; then the file is as it was.
    pub fn keep(self, directory: &File) -> io::Result<()> {
        fs::rename(&self.path, &self.name)?;
        directory.sync_all()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It is not there if it got its name, or could not even be created.
        let _ = fs::remove_file(&self.path);
    }
}

fn create(path: &Path, readers: Readers) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    if readers == Readers::Owner {
        options.mode(0o600);
    }
    let file = options.open(path)?;
    // One that was there already keeps its mode.
    if readers == Readers::Owner && file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn write(name: &Path, readers: Readers, text: &str) -> io::Result<()> {
        let (draft, ()) = Draft::write(name, readers, |out| out.write_all(text.as_bytes()))?;
        draft.keep(&File::open(name.parent().unwrap())?)
    }

    #[test]
    fn a_file_is_replaced_whole_and_a_draft_without_a_name_goes_away() {
        let place = tempfile::tempdir().unwrap();
        let name = place.path().join("figures");
        write(&name, Readers::Usual, "old").unwrap();
        let failing = Draft::write(&name, Readers::Usual, |out| {
            out.write_all(b"half")?;
            Err::<(), _>(io::Error::other("no more"))
        });
        assert_eq!(failing.unwrap_err().to_string(), "no more");
        drop(Draft::write(&name, Readers::Usual, |out| out.write_all(b"unnamed")).unwrap());
        assert_eq!(fs::read_to_string(&name).unwrap(), "old");
        write(&name, Readers::Usual, "new").unwrap();
        assert_eq!(fs::read_to_string(&name).unwrap(), "new");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_only_for_the_owner_can_be_read_by_nobody_else() {
        let place = tempfile::tempdir().unwrap();
        let name = place.path().join("figures");
        write(&name, Readers::Owner, "mine").unwrap();
        assert_eq!(fs::metadata(&name).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
