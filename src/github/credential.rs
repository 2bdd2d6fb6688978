//! With what GitHub is asked: a token, or a file that holds one.

use std::{
    fs::File,
    hash::{BuildHasher, RandomState},
    io::Read,
    sync::{Arc, LazyLock},
};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::failure::{Failure, Reason};
use crate::owner::Owner;

/// So much of a file is read.
const LARGEST: u64 = 64 << 10;

/// Where the token for an owner comes from.
#[derive(Clone, Debug)]
pub enum Credential {
    /// `GITHUB_TOKEN`.
    Token(SecretString),
    /// `GITHUB_TOKEN_FILE`.
    File(TokenFile),
}

/// A file that holds a token; `{owner}` in the path stands for the owner's login or slug. It is read for every request,
/// so that a rotated token (also by Kubernetes' symlink swap) is used at once.
#[derive(Clone, Debug)]
pub struct TokenFile(SecretFile);

/// A file that holds a secret.
#[derive(Clone, Debug)]
pub struct SecretFile {
    path: String,
    /// One reading at a time.
    turn: Arc<Semaphore>,
}

impl Credential {
    /// What stands for the owner in the path of a token file.
    pub const PLACEHOLDER: &'static str = "{owner}";

    /// The `credential` label: a name, never a secret. Owners with the same name share one budget.
    pub fn name(&self, owner: &Owner) -> String {
        match self {
            Self::Token(_) => "token".to_owned(),
            Self::File(file) if file.is_one_per_owner() => format!("token_file:{}", owner.name()),
            Self::File(_) => "token_file".to_owned(),
        }
    }

    /// The token to ask with now.
    ///
    /// # Errors
    /// [`Reason::Credential`] if the file cannot be read, is empty, or holds what cannot stand in a header.
    pub async fn token(&self, owner: &Owner) -> Result<SecretString, Failure> {
        match self {
            Self::Token(token) => Ok(token.clone()),
            Self::File(file) => file.read(owner).await,
        }
    }
}

impl TokenFile {
    /// The file at this path, in which `{owner}` stands for the owner.
    pub fn new(path: &str) -> Self {
        Self(SecretFile::new(path))
    }

    fn is_one_per_owner(&self) -> bool {
        self.0.path.contains(Credential::PLACEHOLDER)
    }

    async fn read(&self, owner: &Owner) -> Result<SecretString, Failure> {
        let path = self.0.path.replace(Credential::PLACEHOLDER, owner.name());
        let refuse = |what: &str| Failure::new(Reason::Credential, format!("token file {path}: {what}"));
        let text = self.0.read_at(&path).await.map_err(|error| refuse(&error))?;
        let token = SecretString::from(text.expose_secret().trim());
        if !is_token(token.expose_secret()) {
            return Err(refuse("must hold one token of visible ASCII characters and nothing else"));
        }
        Ok(token)
    }
}

impl SecretFile {
    /// The file at this path.
    pub fn new(path: &str) -> Self {
        Self { path: path.to_owned(), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Where it is.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is in it now.
    ///
    /// # Errors
    /// Why it cannot be read, in words without its content.
    pub async fn read(&self) -> Result<SecretString, String> {
        self.read_at(&self.path).await
    }

    async fn read_at(&self, path: &str) -> Result<SecretString, String> {
        let turn = Arc::clone(&self.turn).acquire_owned().await.expect("it is never closed");
        let path = path.to_owned();
        let read = tokio::task::spawn_blocking(move || {
            // Held by the thread that reads: of a mount that hangs no second one is left hanging.
            let _turn = turn;
            beginning(&path)
        });
        let text = read.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        if text.len() as u64 > LARGEST {
            return Err(format!("is larger than {} KiB", LARGEST >> 10));
        }
        Ok(SecretString::from(text))
    }
}

/// As much of a file as a token could be, and a little more. Whatever is longer must not fill the memory.
fn beginning(path: &str) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// What a secret looked like, without the secret: equal while it is the same, or while there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of a secret, or of the lack of one. It is good for this process only.
    pub fn of(token: Option<&SecretString>) -> Self {
        // Keyed anew in every process, so that it tells nobody anything.
        static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self(KEYS.hash_one(token.map(ExposeSecret::expose_secret)))
    }

    /// That of two secrets together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0.rotate_left(1) ^ other.0)
    }
}

/// Whether this can be a bearer token at all: visible ASCII, not empty. Nothing more, GitHub calls tokens opaque.
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_file_is_read_anew_every_time_and_its_path_names_the_owner() {
        let dir = tempfile::tempdir().unwrap();
        let credential =
            Credential::File(TokenFile::new(&format!("{}/{{owner}}.token", dir.path().display())));
        let file = dir.path().join("octo.token");
        for token in ["first", "second"] {
            std::fs::write(&file, format!("{token}\n")).unwrap();
            let read = credential.token(&Owner::org("Octo")).await.unwrap();
            assert_eq!(read.expose_secret(), token);
        }
        assert_eq!(credential.name(&Owner::org("Octo")), "token_file:octo");
    }

    #[tokio::test]
    async fn a_missing_or_empty_or_many_lined_token_file_is_a_credential_failure_that_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in [("missing", None), ("empty", Some(" \n")), ("two", Some("ghp_one\nghp_two"))]
        {
            let file = dir.path().join(name);
            if let Some(content) = content {
                std::fs::write(&file, content).unwrap();
            }
            let credential = Credential::File(TokenFile::new(&file.display().to_string()));
            let failure = credential.token(&Owner::org("octo")).await.unwrap_err();
            assert_eq!(failure.reason, Reason::Credential);
            assert!(failure.detail.contains(name), "{failure}");
            assert!(!failure.detail.contains("ghp_"), "{failure}");
        }
    }

    #[test]
    fn debug_output_shows_no_token() {
        let shown = format!("{:?}", Credential::Token("ghp_secret".into()));
        assert!(!shown.contains("ghp_secret"), "{shown}");
    }
}
