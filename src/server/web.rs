//! How those who connect are met: the settings made of the web configuration file, and following its changes.
//!
//! The file and what it points to are read once a second and compared by content, so that it does not matter how a
//! change comes, be it by Kubernetes' symlink swap. A change counts when two looks in a row see the same, for what is
//! still being written may look like a file without a password in it.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use aws_lc_rs::digest::{self, Digest, SHA256};
use hyper::{
    StatusCode,
    header::{HeaderName, HeaderValue},
};
use tokio::{sync::watch, time::sleep};
use tokio_rustls::TlsAcceptor;

use super::{
    auth::{Passwords, Users},
    rate_limit::Bucket,
    tls::Material,
    web_config::WebConfig,
};

/// The time between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// The longest file that is read.
const LARGEST: u64 = 1 << 20;

/// How a connection is met. The default: by answering whatever it asks.
#[derive(Default)]
pub struct Settings {
    /// Encrypts, if it has to be.
    pub tls: Option<TlsAcceptor>,
    /// Set on every answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Who may ask, if not everybody.
    pub users: Option<Users>,
    /// How often may be asked, if not as often as one likes.
    pub rate_limit: Option<Bucket>,
}

impl Settings {
    /// The statuses that refuse requests.
    pub fn refusals(&self) -> impl Iterator<Item = StatusCode> {
        let wrong = self.users.is_some().then_some(StatusCode::UNAUTHORIZED);
        let crowded =
            (self.users.is_some() || self.rate_limit.is_some()).then_some(StatusCode::TOO_MANY_REQUESTS);
        wrong.into_iter().chain(crowded)
    }
}

/// The settings of now, and where they come from.
pub struct Web {
    path: Option<PathBuf>,
    /// Of what the settings of now were made, or refused to be made.
    seen: Option<Digest>,
    settings: watch::Sender<Arc<Settings>>,
    /// Survives changes, so that a new certificate makes nobody's password unknown.
    pub passwords: Arc<Passwords>,
}

/// Why the web configuration cannot be used at the start.
#[derive(Debug, thiserror::Error)]
#[error("{}", problems.join("\n"))]
pub struct Unusable {
    /// One line each.
    pub problems: Vec<String>,
}

impl Web {
    /// Reads the web configuration file, if there is one.
    ///
    /// # Errors
    /// All problems of the file and of what it points to.
    pub fn open(path: Option<&Path>) -> Result<Self, Unusable> {
        let no_randomness = |_| Unusable { problems: vec!["the system gives no random numbers".to_owned()] };
        let passwords = Arc::new(Passwords::new().map_err(no_randomness)?);
        let Some(path) = path else {
            return Ok(Self { path: None, seen: None, settings: watch::Sender::default(), passwords });
        };
        let look = Look::at(path);
        let seen = Some(look.digest);
        let settings = look.settings().map_err(|problems| Unusable { problems })?;
        Ok(Self {
            path: Some(path.to_owned()),
            seen,
            settings: watch::Sender::new(Arc::new(settings)),
            passwords,
        })
    }

    /// The settings of now, and when they change.
    pub fn settings(&self) -> watch::Receiver<Arc<Settings>> {
        self.settings.subscribe()
    }

    /// Takes changes over; never ends. What is broken is logged once, and changes nothing.
    pub async fn follow(&self) {
        let (Some(path), Some(seen)) = (&self.path, self.seen) else { return std::future::pending().await };
        let (mut taken, mut last) = (seen, seen);
        loop {
            sleep(EVERY).await;
            let path = path.clone();
            // Of a mount that hangs no second look is left hanging.
            let Ok(look) = tokio::task::spawn_blocking(move || Look::at(&path)).await else { continue };
            let steady = look.digest.as_ref() == last.as_ref();
            last = look.digest;
            if steady && last.as_ref() != taken.as_ref() {
                taken = last;
                self.take(look);
            }
        }
    }

    fn take(&self, look: Look) {
        // Half of a change, more likely than the wish to protect nothing.
        let blank =
            look.is_blank.then(|| vec!["the file is empty; {} is written for no settings".to_owned()]);
        match blank.map_or_else(|| look.settings(), Err) {
            Ok(settings) => {
                let before = self.settings.borrow().clone();
                if (before.tls.is_some() && settings.tls.is_none())
                    || (before.users.is_some() && settings.users.is_none())
                {
                    tracing::warn!("the web configuration has changed: it protects less than before");
                }
                tracing::info!(
                    tls = settings.tls.is_some(),
                    passwords = settings.users.is_some(),
                    "the web configuration has changed"
                );
                self.settings.send_replace(Arc::new(settings));
            }
            Err(problems) => tracing::warn!(
                problems = problems.join("; "),
                "the web configuration has changed and cannot be used: what was set before goes on"
            ),
        }
    }
}

/// What was there when it was looked.
struct Look {
    config: Result<WebConfig, Vec<String>>,
    material: Option<Material>,
    digest: Digest,
    /// Whether there is nothing in the file.
    is_blank: bool,
}

impl Look {
    fn at(path: &Path) -> Self {
        let text = text(path).map_err(|error| format!("cannot be read: {error}"));
        let mut digest = digest::Context::new(&SHA256);
        let mut add = |bytes: &[u8]| {
            digest.update(&bytes.len().to_be_bytes());
            digest.update(bytes);
        };
        add(text.as_ref().unwrap_or_else(|problem| problem).as_bytes());
        let is_blank = text.as_ref().is_ok_and(|text| text.trim_ascii().is_empty());
        let directory = path.parent().unwrap_or(Path::new(""));
        let config =
            text.map_err(|problem| vec![problem]).and_then(|text| WebConfig::parse(&text, directory));
        let config = config.map_err(|problems| {
            problems.iter().map(|problem| format!("{}: {problem}", path.display())).collect()
        });
        let material = config.as_ref().ok().and_then(|config| Some(config.tls.as_ref()?.read()));
        material.iter().flat_map(Material::found).for_each(|found| add(&found.content()));
        Self { config, material, digest: digest.finish(), is_blank }
    }

    /// The settings made of it.
    fn settings(self) -> Result<Settings, Vec<String>> {
        let Self { config, material, .. } = self;
        let WebConfig { tls, headers, users, rate_limit } = config?;
        let tls = tls.zip(material).map(|(tls, material)| tls.acceptor(&material)).transpose()?;
        let rate_limit = rate_limit.map(|limit| Bucket::new(limit, Instant::now()));
        Ok(Settings { tls, headers, users, rate_limit })
    }
}

fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    // Its beginning alone may be a sound file that asks nobody for a password.
    if text.len() as u64 > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {LARGEST} bytes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_long_is_refused_and_not_cut() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("web.yml");
        for (length, fits) in [(LARGEST, true), (LARGEST + 1, false)] {
            std::fs::write(&path, "#".repeat(usize::try_from(length).unwrap())).unwrap();
            assert_eq!(Web::open(Some(&path)).is_ok(), fits, "{length}");
        }
    }
}
