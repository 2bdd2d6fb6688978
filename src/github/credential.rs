//! With what GitHub is asked: a token, or a file that holds one.

use std::{
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
    sync::LazyLock,
};

use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt;

use super::failure::{Failure, Reason};
use crate::owner::Owner;

/// So much of a token file is read.
const LARGEST: u64 = 64 << 10;

/// Where the token for an owner comes from.
#[derive(Clone, Debug)]
pub enum Credential {
    /// `GITHUB_TOKEN`.
    Token(SecretString),
    /// `GITHUB_TOKEN_FILE`: `{owner}` in the path stands for the owner's login or slug. The file is read for every
    /// request, so that a rotated token (also by Kubernetes' symlink swap) is used at once.
    File(String),
}

impl Credential {
    /// What stands for the owner in the path of a token file.
    pub const PLACEHOLDER: &'static str = "{owner}";

    /// The `credential` label: a name, never a secret. Owners with the same name share one budget.
    pub fn name(&self, owner: &Owner) -> String {
        match self {
            Self::Token(_) => "token".to_owned(),
            Self::File(path) if path.contains(Self::PLACEHOLDER) => format!("token_file:{}", owner.name()),
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
            Self::File(path) => read(path.replace(Self::PLACEHOLDER, owner.name()).into()).await,
        }
    }
}

async fn read(path: PathBuf) -> Result<SecretString, Failure> {
    let refuse =
        |what: &str| Failure::new(Reason::Credential, format!("token file {}: {what}", path.display()));
    let text = text(&path).await.map_err(|error| refuse(&error.to_string()))?;
    let token = SecretString::from(text.trim());
    if !is_token(token.expose_secret()) {
        return Err(refuse("must hold one token of visible ASCII characters and nothing else"));
    }
    Ok(token)
}

/// The beginning of a file. A token is shorter; whatever is longer must not fill the memory.
async fn text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    tokio::fs::File::open(path).await?.take(LARGEST).read_to_string(&mut text).await?;
    Ok(text)
}

/// What a token looked like, without the token: equal while it is the same, or while there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of a token, or of the lack of one. It is good for this process only.
    pub fn of(token: Option<&SecretString>) -> Self {
        // Keyed anew in every process, so that it tells nobody anything.
        static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self(KEYS.hash_one(token.map(ExposeSecret::expose_secret)))
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
        let credential = Credential::File(format!("{}/{{owner}}.token", dir.path().display()));
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
            let credential = Credential::File(file.display().to_string());
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
