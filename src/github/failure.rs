//! The closed set of ways in which asking GitHub can fail.
//!
//! Log, counter, overview page and alerts all use [`Reason::word`].

use std::fmt;

use crate::clock::Instant;

/// Why something could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// 401: the token is wrong, expired or revoked.
    Unauthorized,
    /// 403: the token is good and may not read this.
    Forbidden,
    /// 403: the policy that opens Copilot's metrics is switched off.
    PolicyDisabled,
    /// 404: it does not exist, or the token may not know of it. GitHub does not say which.
    NotFound,
    /// 400, 422 and other refusals of the request itself.
    Rejected,
    /// 410: GitHub has closed this endpoint or API version.
    Unsupported,
    /// 429, or a 403 that speaks of rate limits.
    RateLimited,
    /// There is no credential to ask with: the file cannot be read, or is empty; the App is not installed, or suspended.
    Credential,
    /// 5xx.
    ServerError,
    /// No complete answer within `GITHUB_TIMEOUT`.
    Timeout,
    /// No connection, or one that broke.
    Network,
    /// An answer that is not what the API promises.
    Decode,
    /// An answer beyond every sensible size.
    TooLarge,
}

impl Reason {
    /// All of them, in the order of their series.
    pub const ALL: [Self; 13] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::PolicyDisabled,
        Self::NotFound,
        Self::Rejected,
        Self::Unsupported,
        Self::RateLimited,
        Self::Credential,
        Self::ServerError,
        Self::Timeout,
        Self::Network,
        Self::Decode,
        Self::TooLarge,
    ];

    /// The word for it, the same everywhere.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::PolicyDisabled => "policy_disabled",
            Self::NotFound => "not_found",
            Self::Rejected => "rejected",
            Self::Unsupported => "unsupported",
            Self::RateLimited => "rate_limited",
            Self::Credential => "credential",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::Decode => "decode",
            Self::TooLarge => "too_large",
        }
    }

    /// What a person can do about it, in a sentence.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Unauthorized => {
                "Replace the token in GITHUB_TOKEN or GITHUB_TOKEN_FILE: it is wrong, expired or revoked. Of an App: check that GITHUB_APP_ID and the private \
                 key belong together, and the clock of this machine."
            }
            Self::Forbidden => {
                "Give the token manage_billing:copilot or read:org (read:enterprise for an enterprise; a fine-grained \
                 one Organization Copilot metrics: read; for seats GitHub Copilot Business: read, for billing \
                 Administration: read), authorise it for single sign-on, and let its owner be an owner of the \
                 organisation or have a role that may view what is asked for. Or leave that out of EXPORTER_SOURCES."
            }
            Self::PolicyDisabled => {
                "Switch on the policy \u{201c}Copilot usage metrics\u{201d} in GitHub's settings."
            }
            Self::NotFound => {
                "Check the spelling in GITHUB_ORGS or GITHUB_ENTERPRISE, and that the token's owner belongs there, or the App \
                 is installed there: GitHub hides what a token may not see."
            }
            Self::Rejected => {
                "The request itself is refused: check GITHUB_API_URL, GITHUB_DOWNLOAD_HOSTS where a report's file is \
                 refused, and the exporter's version."
            }
            Self::Unsupported => {
                "GitHub has closed this interface: look for a newer version of the exporter."
            }
            Self::RateLimited => {
                "What the exporter may ask with this credential is used up, by it or by others; it goes on when GitHub allows \
                 it."
            }
            Self::Credential => {
                "Check GITHUB_TOKEN_FILE, or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY_FILE: the file must be readable and \
                 hold a token, or the private key of the App with that id. The App must be installed there and not \
                 suspended."
            }
            Self::ServerError => "Nothing to change: GitHub has a problem, see https://www.githubstatus.com.",
            Self::Timeout => "Check the network and GitHub's status; GITHUB_TIMEOUT can be raised.",
            Self::Network => {
                "Check name resolution, proxy (HTTPS_PROXY, NO_PROXY), firewall and certificates (SSL_CERT_FILE) on the \
                 way to GITHUB_API_URL and, for the files of reports, to GITHUB_DOWNLOAD_HOSTS."
            }
            Self::Decode => {
                "Check that GITHUB_API_URL is GitHub's API and not a proxy's page, and look for a newer version of the \
                 exporter: GitHub may have changed the form of its answers."
            }
            Self::TooLarge => {
                "Check that GITHUB_API_URL is GitHub's API: the answer is far too large for it."
            }
        }
    }

    /// Whether it may concern only what was asked about, so that it says nothing of the rest.
    pub const fn is_about_target(self) -> bool {
        matches!(self, Self::Forbidden | Self::PolicyDisabled | Self::NotFound | Self::Rejected)
    }

    /// Whether GitHub has answered the question itself, and said no.
    pub const fn is_answer(self) -> bool {
        self.is_about_target() || matches!(self, Self::Unsupported)
    }

    /// Whether everything else asked with the same credential would meet the same end, so that asking on is useless
    /// or harmful.
    pub const fn stops_round(self) -> bool {
        matches!(self, Self::Unauthorized | Self::RateLimited | Self::Credential)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One failed question.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Failure {
    /// Which of the closed set.
    pub reason: Reason,
    /// What happened, for people: endpoint, status and GitHub's own message; never a token, never a signed link.
    pub detail: String,
    /// When GitHub said it may be asked again, if it did.
    pub retry_at: Option<Instant>,
    /// What is lacking, if that is known.
    pub lack: Option<Lack>,
}

/// What somebody who asks lacks: it tells where to change something. Names only, as GitHub's headers have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// One of these permissions of a fine-grained token: `x-accepted-github-permissions`.
    Permissions(String),
    /// One of these permissions of an App: the same header.
    AppPermissions(String),
    /// One of these scopes of a classic token, `x-accepted-oauth-scopes`, and those that it has, `x-oauth-scopes`.
    Scopes {
        /// Any one of them would do.
        needed: String,
        /// Nothing if GitHub does not say.
        held: Option<String>,
    },
    /// The authorisation of a token for single sign-on: `x-github-sso`.
    SingleSignOn,
    /// A role of the token's owner.
    Role,
    /// An installation of the App.
    Installation,
    /// An installation of the App that is not suspended.
    ActiveInstallation,
    /// A private key of the App that GitHub knows.
    Key,
}

/// In words, where what happened does not say it already.
impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permissions(needed) | Self::AppPermissions(needed) => {
                write!(f, "needs permission {needed}")
            }
            Self::Scopes { needed, held: None } => write!(f, "needs one of the scopes {needed}"),
            Self::Scopes { needed, held: Some(held) } if held.is_empty() => {
                write!(f, "needs one of the scopes {needed}; it has none")
            }
            Self::Scopes { needed, held: Some(held) } => {
                write!(f, "needs one of the scopes {needed}; it has {held}")
            }
            Self::SingleSignOn => f.write_str("the token must be authorised for single sign-on"),
            Self::Role => f.write_str("the owner of the token has no role that allows it"),
            Self::Installation => f.write_str("the App must be installed there"),
            Self::ActiveInstallation => f.write_str("the installation of the App must not be suspended"),
            Self::Key => f.write_str("GITHUB_APP_ID and the private key must belong together"),
        }
    }
}

impl Failure {
    /// A failure for this reason.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), retry_at: None, lack: None }
    }

    /// The same, when it is known what is lacking.
    #[must_use]
    pub fn lacking(self, lack: impl Into<Option<Lack>>) -> Self {
        Self { lack: lack.into(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_a_word_of_its_own() {
        let words: BTreeSet<_> = Reason::ALL.map(Reason::word).into();
        assert_eq!(words.len(), Reason::ALL.len());
    }
}
