//! How the receiver is reached: its address, TLS, headers, and as whom.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{
    Certificate, Client, Identity, Request, Response,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{SendError, answer::shown};
use crate::{
    backfill::options::{Header, ReceiverOptions},
    github::{client::is_loopback, credential::is_token, exchange::USER_AGENT},
};

const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-write-version");

const TENANT: HeaderName = HeaderName::from_static("x-scope-orgid");

/// What the protocol or the connection says: no `--header` may say otherwise.
const RESERVED: [&str; 12] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-prometheus-remote-write-version",
];

/// So much of a file is read. The certificates that a whole machine trusts are shorter.
const LARGEST_FILE: u64 = 4 << 20;

/// What is shorter is no secret, and to blot it out would leave no word of a message whole.
const SHORTEST_SECRET: usize = 4;

/// The way to a receiver. It has no `Debug`: there is hardly anything in it that is no secret.
pub(super) struct Access {
    http: Client,
    url: Url,
    headers: HeaderMap,
    authorization: Option<Authorization>,
}

/// As whom to send: a user and the password, or a bearer token.
#[derive(Debug)]
struct Authorization {
    user: Option<String>,
    file: SecretFile,
}

/// A file with a secret. It is read for each request, so that one that is renewed during a long backfill is used at
/// once.
#[derive(Clone, Debug)]
struct SecretFile {
    switch: &'static str,
    path: PathBuf,
}

/// What must not be shown, whoever says it.
pub(super) struct Secrets(Vec<String>);

impl Access {
    /// Checks everything that can be checked without asking the receiver.
    pub(super) fn new(url: &Url, options: &ReceiverOptions, timeout: Duration) -> Result<Self, SendError> {
        check_address(url)?;
        let authorization = Authorization::of(options)?;
        let headers = headers(options, authorization.is_some())?;
        let http = http(url, options, timeout)?;
        let known = authorization.is_some() || headers.contains_key(AUTHORIZATION);
        if known && url.scheme() == "http" && !is_loopback(url) {
            tracing::warn!(address = shown(url), "credentials are sent without encryption");
        }
        Ok(Self { http, url: url.clone(), headers, authorization })
    }

    /// The address that requests go to.
    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    /// A request with this body, as whom it has to be now, and what of it must not be shown.
    pub(super) async fn request(&self, body: Vec<u8>) -> Result<(Request, Secrets), SendError> {
        let mut request = self.http.post(self.url.clone()).headers(self.headers.clone()).body(body);
        let mut secrets = Vec::new();
        if let Some(Authorization { user, file }) = &self.authorization {
            let secret = file.clone().read_aside(user.is_none()).await?;
            request = match user {
                Some(user) => request.basic_auth(user, Some(secret.expose_secret())),
                None => request.bearer_auth(secret.expose_secret()),
            };
            secrets.push(secret.expose_secret().to_owned());
        }
        let request = request.build().map_err(SendError::client)?;
        for value in request.headers().values().filter(|value| value.is_sensitive()) {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            secrets.extend(value.split_once(' ').map(|(_, credential)| credential.to_owned()));
            secrets.push(value);
        }
        let query = self.url.query().unwrap_or_default();
        secrets.push(query.to_owned());
        secrets.extend(query.split('&').filter_map(|pair| Some(pair.split_once('=')?.1.to_owned())));
        secrets.extend(self.url.query_pairs().map(|(_, value)| value.into_owned()));
        Ok((request, Secrets::new(secrets)))
    }

    /// Sends a request.
    pub(super) async fn execute(&self, request: Request) -> reqwest::Result<Response> {
        self.http.execute(request).await
    }
}

impl Authorization {
    fn of(options: &ReceiverOptions) -> Result<Option<Self>, SendError> {
        const USER: &str = "--basic-auth-user";
        let ReceiverOptions { bearer_token_file, basic_auth_user, basic_auth_password_file, .. } = options;
        let file = |switch, path: &Path| SecretFile { switch, path: path.to_owned() };
        let authorization = match (bearer_token_file, basic_auth_user, basic_auth_password_file) {
            (None, None, None) => return Ok(None),
            (Some(path), None, None) => Self { user: None, file: file("--bearer-token-file", path) },
            (None, Some(user), Some(_)) if user.contains(':') => {
                return Err(SendError::switch(USER, "a user's name has no colon in it"));
            }
            (None, Some(user), Some(path)) => {
                Self { user: Some(user.clone()), file: file("--basic-auth-password-file", path) }
            }
            _ => {
                let what = "goes with --basic-auth-password-file, and not with --bearer-token-file";
                return Err(SendError::switch(USER, what));
            }
        };
        // Nobody wants to learn after an hour of asking GitHub that a file is not there.
        authorization.file.read(authorization.user.is_none())?;
        Ok(Some(authorization))
    }
}

impl SecretFile {
    /// Reads it where a file system that is slow holds up nothing else.
    async fn read_aside(self, is_bearer: bool) -> Result<SecretString, SendError> {
        let switch = self.switch;
        let reading = tokio::task::spawn_blocking(move || self.read(is_bearer));
        reading.await.map_err(|error| SendError::switch(switch, error.to_string()))?
    }

    fn read(&self, is_bearer: bool) -> Result<SecretString, SendError> {
        let refuse = |what: &str| SendError::switch(self.switch, format!("{}: {what}", self.path.display()));
        let bytes = contents(self.switch, &self.path)?;
        let text = String::from_utf8(bytes).map_err(|_| refuse("is no text"))?;
        // A password may begin or end with a space; the end of the line is the editor's.
        let secret = text.trim_end_matches(['\r', '\n']);
        if is_bearer && !is_token(secret) {
            return Err(refuse("must hold one token of visible ASCII characters and nothing else"));
        }
        if secret.is_empty() {
            return Err(refuse("is empty"));
        }
        Ok(secret.into())
    }
}

impl Secrets {
    fn new(mut secrets: Vec<String>) -> Self {
        secrets.retain(|secret| secret.len() >= SHORTEST_SECRET);
        // A secret that is part of another must not leave the rest of that behind.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// A text with each secret blotted out.
    pub(super) fn blot(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

fn check_address(url: &Url) -> Result<(), SendError> {
    let refuse = |what: &str| Err(SendError::switch("--remote-write", what));
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return refuse(
            "must be an http or https address, for example https://prometheus.example/api/v1/write",
        );
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(
            "a user and a password in the address would be shown to everybody: give --basic-auth-user and \
             --basic-auth-password-file",
        );
    }
    Ok(())
}

fn http(url: &Url, options: &ReceiverOptions, timeout: Duration) -> Result<Client, SendError> {
    let mut http = Client::builder()
        .user_agent(USER_AGENT)
        // Whoever answers could send the credentials anywhere.
        .redirect(redirect::Policy::none())
        .timeout(timeout);
    if is_loopback(url) {
        // A proxy of the environment is for the way out, not for this machine.
        http = http.no_proxy();
    }
    for (switch, path) in [("--ca-file", &options.ca_file), ("--cert-file", &options.cert_file)] {
        if path.is_some() && url.scheme() != "https" {
            return Err(SendError::switch(switch, "is of use with an https address only"));
        }
    }
    if let Some(path) = &options.ca_file {
        http = http.tls_certs_only(authorities(path)?);
    }
    if let Some(identity) = identity(options)? {
        http = http.identity(identity);
    }
    http.build().map_err(SendError::client)
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, SendError> {
    const SWITCH: &str = "--ca-file";
    let certificates = Certificate::from_pem_bundle(&contents(SWITCH, path)?).unwrap_or_default();
    if certificates.is_empty() {
        return Err(SendError::switch(SWITCH, format!("{}: holds no certificate in PEM", path.display())));
    }
    Ok(certificates)
}

fn identity(options: &ReceiverOptions) -> Result<Option<Identity>, SendError> {
    const SWITCH: &str = "--cert-file";
    let (certificate, key) = match (&options.cert_file, &options.key_file) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        _ => return Err(SendError::switch(SWITCH, "goes with --key-file")),
    };
    let pem = [contents(SWITCH, certificate)?, contents("--key-file", key)?].join(&b'\n');
    let identity = Identity::from_pem(&pem).map_err(|_| {
        let (certificate, key) = (certificate.display(), key.display());
        SendError::switch(SWITCH, format!("{certificate} and {key}: are no certificate and its key in PEM"))
    })?;
    Ok(Some(identity))
}

/// The headers of every request. What the user gives is taken for secret.
fn headers(options: &ReceiverOptions, is_authorized: bool) -> Result<HeaderMap, SendError> {
    let mut headers = HeaderMap::from_iter([
        (CONTENT_ENCODING, HeaderValue::from_static("snappy")),
        (CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf")),
        (VERSION, HeaderValue::from_static("0.1.0")),
    ]);
    if let Some(tenant) = &options.tenant {
        let value = HeaderValue::from_str(tenant).ok().filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| SendError::switch("--tenant", "cannot stand in a header"))?;
        headers.insert(TENANT, value);
    }
    for Header { name, value } in &options.headers {
        let refuse = |what: &str| SendError::switch("--header", format!("{name}: {what}"));
        let key: HeaderName = name.parse().map_err(|_| refuse("is no name of a header"))?;
        if RESERVED.contains(&key.as_str()) {
            return Err(refuse("is set by the protocol"));
        }
        if key == AUTHORIZATION && is_authorized {
            return Err(refuse("is set by --bearer-token-file or --basic-auth-user"));
        }
        if headers.contains_key(&key) {
            return Err(refuse("is given twice"));
        }
        // The value is not repeated: it can be a secret.
        let mut value =
            HeaderValue::from_str(value).map_err(|_| refuse("its value cannot stand in a header"))?;
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    Ok(headers)
}

/// The bytes of a file, unless it is far longer than it could be.
fn contents(switch: &'static str, path: &Path) -> Result<Vec<u8>, SendError> {
    let refuse = |what: String| SendError::switch(switch, format!("{}: {what}", path.display()));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| refuse(error.to_string()))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(refuse("is far too long".to_owned()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str, options: &ReceiverOptions) -> String {
        let access = Access::new(&url.parse().unwrap(), options, Duration::from_secs(1));
        access.err().expect("it was taken").to_string()
    }

    fn header(name: &str, value: &str) -> Header {
        Header { name: name.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn addresses_that_would_show_a_password_or_are_none_are_refused() {
        let options = ReceiverOptions::default();
        for (url, expected) in [
            ("https://user:SECRET@host/write", "--basic-auth-user"),
            ("https://SECRET@host/write", "--basic-auth-user"),
            ("ftp://host/SECRET", "http or https"),
            ("unix:/SECRET", "http or https"),
        ] {
            let refusal = refusal(url, &options);
            assert!(
                refusal.starts_with("--remote-write: ") && refusal.contains(expected),
                "{url}: {refusal}"
            );
            assert!(!refusal.contains("SECRET"), "{refusal}");
        }
    }

    #[test]
    fn headers_that_the_protocol_sets_or_that_are_none_are_refused_without_their_value() {
        let dir = tempfile::tempdir().unwrap();
        let token = dir.path().join("token");
        std::fs::write(&token, "token\n").unwrap();
        for (headers, expected) in [
            (vec![header("Content-Type", "SECRET")], "--header: Content-Type: is set by the protocol"),
            (vec![header("host", "SECRET")], "--header: host: is set by the protocol"),
            (vec![header("User-Agent", "SECRET")], "--header: User-Agent: is set by the protocol"),
            (
                vec![header("authorization", "Bearer SECRET")],
                "--header: authorization: is set by --bearer-token-file or --basic-auth-user",
            ),
            (vec![header("X-Scope-OrgID", "SECRET")], "--header: X-Scope-OrgID: is given twice"),
            (vec![header("x-a", "1"), header("X-A", "SECRET")], "--header: X-A: is given twice"),
            (vec![header("a b", "SECRET")], "--header: a b: is no name of a header"),
            (vec![header("", "SECRET")], "--header: : is no name of a header"),
            (vec![header("x-a", "SEC\nRET")], "--header: x-a: its value cannot stand in a header"),
        ] {
            let options = ReceiverOptions {
                headers,
                tenant: Some("team".into()),
                bearer_token_file: Some(token.clone()),
                ..ReceiverOptions::default()
            };
            assert_eq!(refusal("https://host/write", &options), expected);
        }
        let tenant = ReceiverOptions { tenant: Some("a\nb".into()), ..ReceiverOptions::default() };
        assert_eq!(refusal("https://host/write", &tenant), "--tenant: cannot stand in a header");
    }

    #[test]
    fn every_header_that_is_reserved_has_a_name_as_headers_are_compared() {
        for name in RESERVED {
            assert_eq!(name.parse::<HeaderName>().unwrap().as_str(), name);
        }
    }

    /// A directory with files that hold no good secret and no certificate.
    struct Files(tempfile::TempDir);

    impl Files {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            for (name, content) in [
                ("two", b"SECRET\nSECRET".as_slice()),
                ("bytes", b"SECRET\xff"),
                ("empty", b"\n"),
                ("one", b"SECRET"),
            ] {
                std::fs::write(dir.path().join(name), content).unwrap();
            }
            Self(dir)
        }

        fn path(&self, name: &str) -> Option<PathBuf> {
            Some(self.0.path().join(name))
        }

        /// The message must name the switch, say what is wrong, and not what the file holds.
        fn assert_refused(&self, options: &ReceiverOptions, switch: &str, what: &str) {
            let refusal = refusal("https://host/write", options);
            assert!(refusal.starts_with(&format!("{switch}: ")) && refusal.contains(what), "{refusal}");
            assert!(!refusal.contains("SECRET"), "{refusal}");
        }
    }

    #[test]
    fn files_without_a_secret_are_refused_by_switch_and_path() {
        let files = Files::new();
        for (name, what) in [
            ("missing", "missing: No such file"),
            ("two", "two: must hold one token"),
            ("bytes", "bytes: is no text"),
            ("empty", "empty: must hold one token"),
        ] {
            let options =
                ReceiverOptions { bearer_token_file: files.path(name), ..ReceiverOptions::default() };
            files.assert_refused(&options, "--bearer-token-file", what);
        }
        let basic = |user: &str, file| ReceiverOptions {
            basic_auth_user: Some(user.to_owned()),
            basic_auth_password_file: file,
            ..ReceiverOptions::default()
        };
        let empty = basic("user", files.path("empty"));
        files.assert_refused(&empty, "--basic-auth-password-file", "empty: is empty");
        files.assert_refused(&basic("user", None), "--basic-auth-user", "goes with");
        files.assert_refused(&basic("a:b", files.path("one")), "--basic-auth-user", "no colon");
        let both =
            ReceiverOptions { bearer_token_file: files.path("one"), ..basic("user", files.path("one")) };
        files.assert_refused(&both, "--basic-auth-user", "not with --bearer-token-file");
    }

    #[test]
    fn files_without_a_certificate_are_refused_by_switch_and_path() {
        let files = Files::new();
        let ca = |name| ReceiverOptions { ca_file: files.path(name), ..ReceiverOptions::default() };
        files.assert_refused(&ca("missing"), "--ca-file", "missing: No such file");
        files.assert_refused(&ca("one"), "--ca-file", "one: holds no certificate");
        let own = |cert_file, key_file| ReceiverOptions { cert_file, key_file, ..ReceiverOptions::default() };
        files.assert_refused(&own(files.path("one"), None), "--cert-file", "goes with");
        let both = own(files.path("one"), files.path("one"));
        files.assert_refused(&both, "--cert-file", "are no certificate and its key");
        let refusal = refusal("http://host/write", &ca("one"));
        assert_eq!(refusal, "--ca-file: is of use with an https address only");
    }

    #[test]
    fn secrets_are_blotted_out_the_longest_first() {
        let secrets = Secrets::new(["abcd", "abcdefg", "x", ""].map(str::to_owned).into());
        assert_eq!(secrets.blot("abcdefg x abcd"), "*** x ***");
    }

    #[tokio::test]
    async fn a_password_is_used_as_it_is_now_and_everything_that_could_give_it_away_is_a_secret() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("password");
        std::fs::write(&file, "first").unwrap();
        let options = ReceiverOptions {
            basic_auth_user: Some("user".into()),
            basic_auth_password_file: Some(file.clone()),
            headers: vec![header("x-key", "ApiKey key1234")],
            ..ReceiverOptions::default()
        };
        let url = "https://host/write?token=a%20token".parse().unwrap();
        let access = Access::new(&url, &options, Duration::from_secs(1)).unwrap();
        // " two words " with the user in front, in base64.
        for (content, sent) in
            [("first", "dXNlcjpmaXJzdA=="), (" two words \r\n", "dXNlcjogdHdvIHdvcmRzIA==")]
        {
            std::fs::write(&file, content).unwrap();
            let (request, secrets) = access.request(Vec::new()).await.unwrap();
            let headers = request.headers();
            assert_eq!(headers[AUTHORIZATION], format!("Basic {sent}"));
            let echo = format!("{sent} {content} key1234 a token a%20token");
            assert_eq!(secrets.blot(&echo.replace("\r\n", "")), "*** *** *** *** ***");
            assert!(!format!("{headers:?}").contains(sent), "{headers:?}");
        }
    }
}
