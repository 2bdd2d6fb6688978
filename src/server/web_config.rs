//! `EXPORTER_WEB_CONFIG_FILE` understood: the web configuration of Prometheus's exporters. Pure: no other file is opened.
//!
//! Every mistake is reported with the key that it is about. A value is never repeated, for it may be a secret.

use std::{collections::BTreeMap, net::IpAddr, path::Path, time::Duration};

use hyper::header::{self, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{
    auth::{PasswordHash, Users},
    tls::{AllowedName, Clients, Pem, TlsConfig, Version},
};

/// What the file says.
#[derive(Debug, Default)]
pub struct WebConfig {
    /// Served encrypted, if there is any.
    pub tls: Option<TlsConfig>,
    /// Set on every answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Who may ask, if not everybody.
    pub users: Option<Users>,
    /// How often may be asked, if not as often as one likes.
    pub rate_limit: Option<RateLimit>,
}

/// One request each `interval` in the long run, `burst` of them at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// What a request costs.
    pub interval: Duration,
    /// How many may be saved up.
    pub burst: u32,
}

/// What other exporters know in `tls_server_config` and this one does not, and why.
const NO_TLS_KEYS: [(&str, &str); 3] = [
    ("cipher_suites", "is not supported: only suites that are held to be safe are offered; leave it out"),
    ("curve_preferences", "is not supported: only curves that are held to be safe are offered; leave it out"),
    ("prefer_server_cipher_suites", "is not supported: every suite offered is a good one; leave it out"),
];

/// The same at the top.
const NO_KEYS: [(&str, &str); 1] = [(
    "basic_auth_excluded_paths",
    "is not supported: health paths, and no others, need no password; leave it out",
)];

/// The headers that may be set, with the values that they may have; none listed: any.
const HEADERS: [(&str, HeaderName, &[&str]); 5] = [
    ("Strict-Transport-Security", header::STRICT_TRANSPORT_SECURITY, &[]),
    ("X-Content-Type-Options", header::X_CONTENT_TYPE_OPTIONS, &["nosniff"]),
    ("X-Frame-Options", header::X_FRAME_OPTIONS, &["deny", "sameorigin"]),
    ("X-XSS-Protection", header::X_XSS_PROTECTION, &[]),
    ("Content-Security-Policy", header::CONTENT_SECURITY_POLICY, &[]),
];

impl WebConfig {
    /// Understands the text of the file; paths in it are relative to `directory`.
    ///
    /// # Errors
    /// All problems at once, each beginning with the key that it is about.
    pub fn parse(text: &str, directory: &Path) -> Result<Self, Vec<String>> {
        let value = serde_saphyr::from_str(text).map_err(|error| vec![unreadable(&error)])?;
        let mut problems = Vec::new();
        let mut file = Section::new(String::new(), Some(value), &mut problems);
        file.refuse(&NO_KEYS, &mut problems);
        let config = Self {
            tls: tls(file.section("tls_server_config", &mut problems), directory, &mut problems),
            headers: http(file.section("http_server_config", &mut problems), &mut problems),
            users: users(file.section("basic_auth_users", &mut problems), &mut problems),
            rate_limit: rate_limit(file.section("rate_limit", &mut problems), &mut problems),
        };
        file.end(&mut problems);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }
}

/// Where it is no YAML. What the parser says beyond that may repeat a hash.
fn unreadable(error: &serde_saphyr::Error) -> String {
    let place = error
        .location()
        .map_or(String::new(), |place| format!(" at line {}, column {}", place.line(), place.column()));
    format!("must be YAML without a key that comes twice: it is not{place}")
}

fn tls(mut section: Section, directory: &Path, problems: &mut Vec<String>) -> Option<TlsConfig> {
    let unset = section.is_unset();
    section.refuse(&NO_TLS_KEYS, problems);
    let pem =
        |section: &mut Section, file, text, problems: &mut _| pem(section, [file, text], directory, problems);
    let certificate = pem(&mut section, "cert_file", "cert", problems);
    let key = pem(&mut section, "key_file", "key", problems);
    let authority = pem(&mut section, "client_ca_file", "client_ca", problems);
    for (source, name) in [(&certificate, "cert_file"), (&key, "key_file")] {
        if source.is_none() && !unset {
            problems.push(format!("{} must be set: without it there is no TLS", section.path(name)));
        }
    }
    let clients = clients(&mut section, authority, problems);
    let versions = versions(&mut section, problems);
    section.end(problems);
    Some(TlsConfig { certificate: certificate?, key: key?, clients, versions })
}

/// A certificate or key: in a file of its own, or in this one.
fn pem(
    section: &mut Section,
    [file, text]: [&'static str; 2],
    directory: &Path,
    problems: &mut Vec<String>,
) -> Option<Pem> {
    match (section.text(file, problems), section.text(text, problems)) {
        (Some(_), Some(_)) => {
            problems.push(format!("{} and {text} exclude each other: set one", section.path(file)));
            None
        }
        (Some(path), None) => Some(Pem::File { key: section.path(file), path: directory.join(path) }),
        (None, text_here) => {
            text_here.map(|pem| Pem::Text { key: section.path(text), pem: SecretString::from(pem) })
        }
    }
}

fn clients(section: &mut Section, authority: Option<Pem>, problems: &mut Vec<String>) -> Option<Clients> {
    let kind = section.text("client_auth_type", problems);
    let allowed_names = allowed_names(section, kind.as_deref(), problems);
    let at = section.path("client_auth_type");
    let required = match kind.as_deref() {
        None | Some("NoClientCert") => {
            if authority.is_some() {
                problems.push(format!(
                    "{at} must be RequireAndVerifyClientCert or VerifyClientCertIfGiven where there is a client_ca_file"
                ));
            }
            return None;
        }
        Some("RequireAndVerifyClientCert") => true,
        Some("VerifyClientCertIfGiven") => false,
        Some(word @ ("RequestClientCert" | "RequireAnyClientCert" | "RequireClientCert")) => {
            problems.push(format!(
                "{at} {word} is not supported: it takes a certificate that anybody can make; use RequireAndVerifyClientCert"
            ));
            return None;
        }
        Some(_) => {
            problems.push(format!(
                "{at} must be NoClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert"
            ));
            return None;
        }
    };
    if authority.is_none() {
        let ca = section.path("client_ca_file");
        problems.push(format!("{ca} must be set: by it the certificates of clients are verified"));
    }
    Some(Clients { authority: authority?, required, allowed_names })
}

fn allowed_names(
    section: &mut Section,
    kind: Option<&str>,
    problems: &mut Vec<String>,
) -> Option<Vec<AllowedName>> {
    let names = section.take("client_allowed_sans")?;
    let at = section.path("client_allowed_sans");
    let texts: Option<Vec<String>> = names
        .as_array()
        .and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
    let Some(texts) = texts.filter(|texts| !texts.is_empty()) else {
        problems.push(format!("{at} must be a list of at least one name"));
        return None;
    };
    if kind != Some("RequireAndVerifyClientCert") {
        problems.push(format!(
            "{at} needs client_auth_type RequireAndVerifyClientCert: else nobody has to have a name"
        ));
    }
    let names: Option<Vec<_>> = texts.iter().map(|text| allowed_name(text)).collect();
    if names.is_none() {
        problems.push(format!(
            "{at} must be DNS names, IP addresses and URIs: addresses of e-mail are not supported"
        ));
    }
    names
}

fn allowed_name(text: &str) -> Option<AllowedName> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(AllowedName::Ip(address));
    }
    // A URI may have an @ in it.
    (text.contains(':') || !text.contains('@')).then(|| AllowedName::Text(text.to_owned()))
}

fn versions(section: &mut Section, problems: &mut Vec<String>) -> Vec<Version> {
    let least = version(section, "min_version", problems).unwrap_or(Version::Tls12);
    let most = version(section, "max_version", problems).unwrap_or(Version::Tls13);
    if least > most {
        problems.push(format!("{} must not be above max_version", section.path("min_version")));
    }
    [Version::Tls12, Version::Tls13].into_iter().filter(|version| (least..=most).contains(version)).collect()
}

fn version(section: &mut Section, key: &str, problems: &mut Vec<String>) -> Option<Version> {
    let at = section.path(key);
    match section.text(key, problems)?.as_str() {
        "TLS12" => return Some(Version::Tls12),
        "TLS13" => return Some(Version::Tls13),
        word @ ("TLS10" | "TLS11") => {
            problems
                .push(format!("{at} {word} is not supported: TLS before 1.2 is broken; use TLS12 or TLS13"));
        }
        _ => problems.push(format!("{at} must be TLS12 or TLS13")),
    }
    None
}

fn http(mut section: Section, problems: &mut Vec<String>) -> Vec<(HeaderName, HeaderValue)> {
    // HTTP/1.1 is served. HTTP/2 is only ever offered, so a client loses nothing, and true is what others write.
    if section.take("http2").is_some_and(|value| !value.is_boolean()) {
        problems.push(format!("{} must be true or false", section.path("http2")));
    }
    let mut wanted = section.section("headers", problems);
    let mut headers = Vec::new();
    for (name, header, values) in HEADERS {
        let Some(text) = wanted.text(name, problems) else { continue };
        match HeaderValue::from_str(&text) {
            Ok(value) if values.is_empty() || values.contains(&&*text) => headers.push((header, value)),
            _ => {
                let rule = if values.is_empty() { "visible ASCII characters" } else { &values.join(" or ") };
                problems.push(format!("{} must be {rule}", wanted.path(name)));
            }
        }
    }
    wanted.end(problems);
    section.end(problems);
    headers
}

fn users(mut section: Section, problems: &mut Vec<String>) -> Option<Users> {
    let mut users = BTreeMap::new();
    for name in section.keys() {
        let at = section.path(&name);
        match section.text(&name, problems).map(|text| PasswordHash::parse(&text)) {
            Some(Ok(hash)) => drop(users.insert(name, hash)),
            Some(Err(rule)) => problems.push(format!("{at} {rule}")),
            None => problems.push(format!("{at} must have a bcrypt hash")),
        }
    }
    Users::new(users)
}

fn rate_limit(mut section: Section, problems: &mut Vec<String>) -> Option<RateLimit> {
    let interval =
        section.text("interval", problems).map_or(Ok(Duration::ZERO), |text| match text.as_str() {
            "0" => Ok(Duration::ZERO),
            text => humantime::parse_duration(text),
        });
    let burst = section.text("burst", problems).map_or(Ok(0), |text| text.parse());
    if interval.is_err() {
        problems.push(format!(
            "{} must be a duration like 100ms or 1s, or 0 for no limit",
            section.path("interval")
        ));
    }
    if burst.is_err() {
        problems.push(format!("{} must be a whole number", section.path("burst")));
    }
    let (interval, burst) = (interval.ok(), burst.ok());
    if interval.is_some_and(|interval| !interval.is_zero()) && burst == Some(0) {
        problems
            .push(format!("{} must be at least 1: else no request is ever answered", section.path("burst")));
    }
    section.end(problems);
    interval
        .filter(|interval| !interval.is_zero())
        .zip(burst)
        .map(|(interval, burst)| RateLimit { interval, burst })
}

/// A mapping that is read key by key. What nobody has asked for at its end is unknown.
struct Section {
    path: String,
    entries: Map<String, Value>,
}

impl Section {
    fn new(path: String, value: Option<Value>, problems: &mut Vec<String>) -> Self {
        let entries = match value {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(entries)) => entries,
            Some(_) => {
                let at = if path.is_empty() { "the file" } else { &path };
                problems.push(format!("{at} must be a mapping of keys to values"));
                Map::new()
            }
        };
        Self { path, entries }
    }

    fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn keys(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }

    /// Whether there is nothing in it, however it is written.
    fn is_unset(&self) -> bool {
        self.entries.values().all(|value| value.is_null() || value == "")
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        self.entries.remove(key).filter(|value| !value.is_null())
    }

    fn section(&mut self, key: &str, problems: &mut Vec<String>) -> Self {
        let value = self.take(key);
        Self::new(self.path(key), value, problems)
    }

    /// The value as it was written; nothing if it is empty.
    fn text(&mut self, key: &str, problems: &mut Vec<String>) -> Option<String> {
        let text = match self.take(key)? {
            Value::String(text) => text,
            value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
            _ => {
                problems.push(format!("{} must be one value", self.path(key)));
                return None;
            }
        };
        (!text.is_empty()).then_some(text)
    }

    fn refuse(&mut self, keys: &[(&str, &str)], problems: &mut Vec<String>) {
        for (key, reason) in keys {
            if self.take(key).is_some() {
                problems.push(format!("{} {reason}", self.path(key)));
            }
        }
    }

    fn end(self, problems: &mut Vec<String>) {
        for key in self.entries.keys() {
            problems.push(format!("{} is unknown: leave it out", self.path(key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const HASH: &str = "$2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze";

    fn parse(text: &str) -> Result<WebConfig, Vec<String>> {
        WebConfig::parse(text, Path::new("/etc/web"))
    }

    /// The only problem of a file.
    fn problem(text: &str) -> String {
        let problems = parse(text).expect_err(text);
        assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        problems[0].clone()
    }

    fn file(pem: &Pem) -> (&str, &str) {
        match pem {
            Pem::File { key, path } => (key, path.to_str().unwrap()),
            Pem::Text { .. } => panic!("{pem:?}"),
        }
    }

    #[test]
    fn a_typical_file_of_the_exporter_toolkit_is_understood_unchanged() {
        let config = parse(&format!(
            "# TLS and basic authentication\n\
             tls_server_config:\n  cert_file: server.crt\n  key_file: /keys/server.key\n  \
             client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n  \
             client_allowed_sans:\n  - prometheus.example\n  - 10.0.0.1\n  - spiffe://x/prometheus@x\n  \
             min_version: TLS12\n  max_version: TLS13\n\
             http_server_config:\n  http2: true\n  headers:\n    Strict-Transport-Security: max-age=31536000\n    \
             X-Content-Type-Options: nosniff\n    X-Frame-Options: deny\n    X-XSS-Protection: 0\n    \
             Content-Security-Policy: default-src 'self'\n\
             basic_auth_users:\n  alice: {HASH}\n  1234: '{HASH}'\n\
             rate_limit:\n  interval: 1s500ms\n  burst: 20\n"
        ))
        .unwrap();
        let tls = config.tls.unwrap();
        assert_eq!(file(&tls.certificate), ("tls_server_config.cert_file", "/etc/web/server.crt"));
        assert_eq!(file(&tls.key), ("tls_server_config.key_file", "/keys/server.key"));
        assert_eq!(tls.versions, [Version::Tls12, Version::Tls13]);
        let clients = tls.clients.unwrap();
        assert!(clients.required);
        assert_eq!(file(&clients.authority), ("tls_server_config.client_ca_file", "/etc/web/ca.crt"));
        let text = |text: &str| AllowedName::Text(text.to_owned());
        let address = AllowedName::Ip("10.0.0.1".parse().unwrap());
        let names = [text("prometheus.example"), address, text("spiffe://x/prometheus@x")];
        assert_eq!(clients.allowed_names.unwrap(), names);
        let headers: Vec<_> = config.headers.iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap())).collect();
        assert_eq!(
            headers,
            [
                ("strict-transport-security", "max-age=31536000"),
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "deny"),
                ("x-xss-protection", "0"),
                ("content-security-policy", "default-src 'self'"),
            ]
        );
        assert!(config.users.is_some());
        let rate_limit = RateLimit { interval: Duration::from_millis(1500), burst: 20 };
        assert_eq!(config.rate_limit, Some(rate_limit));
    }

    #[test]
    fn what_is_empty_or_null_is_unset() {
        for text in [
            "",
            "# nothing\n",
            "{}",
            "tls_server_config:\nhttp_server_config:\nbasic_auth_users:\nrate_limit:\n",
            "tls_server_config: {}\nbasic_auth_users: {}",
            "tls_server_config: {cert_file: '', key_file: , client_auth_type: ''}",
            "http_server_config: {http2: false, headers: {X-Frame-Options: ''}}",
            "rate_limit: {interval: 0, burst: 0}",
            "rate_limit: {interval: 0s}",
            "rate_limit: {burst: 5}",
        ] {
            let config = parse(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
            assert!(config.tls.is_none() && config.users.is_none() && config.rate_limit.is_none(), "{text}");
            assert!(config.headers.is_empty(), "{text}");
        }
    }

    #[test]
    fn clients_are_asked_for_a_certificate_as_the_word_says() {
        let clients = |more: &str| {
            let tls = format!("tls_server_config: {{cert_file: c, key_file: k{more}}}");
            parse(&tls).unwrap().tls.unwrap().clients.map(|clients| clients.required)
        };
        for (more, expected) in [
            ("", None),
            (", client_auth_type: NoClientCert", None),
            (", client_ca_file: a, client_auth_type: VerifyClientCertIfGiven", Some(false)),
            (", client_ca: PEM, client_auth_type: RequireAndVerifyClientCert", Some(true)),
        ] {
            assert_eq!(clients(more), expected, "{more}");
        }
    }

    #[test]
    fn versions_are_those_between_the_least_and_the_most() {
        for (more, expected) in [
            ("min_version: TLS13", [Version::Tls13].as_slice()),
            ("max_version: TLS12", &[Version::Tls12]),
            ("min_version: TLS12", &[Version::Tls12, Version::Tls13]),
        ] {
            let text = format!("tls_server_config: {{cert_file: c, key_file: k, {more}}}");
            assert_eq!(parse(&text).unwrap().tls.unwrap().versions, expected, "{more}");
        }
    }

    #[test]
    fn what_is_not_supported_in_tls_is_refused_by_name_with_a_reason() {
        for (more, expected) in [
            ("cipher_suites: [TLS_AES_128_GCM_SHA256]", "cipher_suites is not supported: only suites"),
            ("curve_preferences: [X25519]", "curve_preferences is not supported: only curves"),
            ("prefer_server_cipher_suites: true", "prefer_server_cipher_suites is not supported: every"),
            ("min_version: TLS10", "min_version TLS10 is not supported: TLS before 1.2 is broken"),
            ("max_version: TLS11", "max_version TLS11 is not supported: TLS before 1.2 is broken"),
            ("min_version: '1.2'", "min_version must be TLS12 or TLS13"),
            ("min_version: TLS13, max_version: TLS12", "min_version must not be above max_version"),
            ("cert: PEM", "cert_file and cert exclude each other"),
            ("key: PEM", "key_file and key exclude each other"),
            (
                "client_auth_type: RequestClientCert",
                "client_auth_type RequestClientCert is not supported: it",
            ),
            (
                "client_auth_type: RequireAnyClientCert",
                "client_auth_type RequireAnyClientCert is not supported",
            ),
            ("client_auth_type: RequireClientCert", "client_auth_type RequireClientCert is not supported"),
            ("client_auth_type: Always", "client_auth_type must be NoClientCert, VerifyClientCertIfGiven or"),
            ("client_auth_type: RequireAndVerifyClientCert", "client_ca_file must be set"),
            ("client_auth_type: VerifyClientCertIfGiven", "client_ca_file must be set"),
            ("client_ca_file: a", "client_auth_type must be RequireAndVerifyClientCert or"),
            ("client_ca: PEM", "client_auth_type must be RequireAndVerifyClientCert or"),
            ("client_allowed_sans: [a]", "client_allowed_sans needs client_auth_type RequireAndVerify"),
            ("cert_flie: x", "cert_flie is unknown"),
            ("cert_file: [a]", "cert_file must be one value"),
        ] {
            let tls = format!("tls_server_config: {{key_file: k, {more}, cert_file: c}}");
            // A key that comes twice is another mistake.
            let tls = if more.starts_with("cert_file") { tls.replace(", cert_file: c", "") } else { tls };
            let problems = parse(&tls).expect_err(more);
            let expected = format!("tls_server_config.{expected}");
            assert!(problems[0].starts_with(&expected), "{more}: {problems:?}");
        }
        let verified = "tls_server_config: {cert_file: c, key_file: k, client_ca_file: a, \
                        client_auth_type: RequireAndVerifyClientCert, client_allowed_sans: ";
        for (names, expected) in [
            ("[]}", "tls_server_config.client_allowed_sans must be a list of at least one name"),
            ("prometheus}", "tls_server_config.client_allowed_sans must be a list of at least one name"),
            ("[who@x.example]}", "tls_server_config.client_allowed_sans must be DNS names"),
        ] {
            let problem = problem(&format!("{verified}{names}"));
            assert!(problem.starts_with(expected), "{names}: {problem}");
        }
    }

    #[test]
    fn what_is_wrong_elsewhere_is_refused_by_name() {
        for (text, expected) in [
            ("tls_server_config: {cert_file: c}", "tls_server_config.key_file must be set"),
            ("tls_server_config: {key_file: k}", "tls_server_config.cert_file must be set"),
            ("tls_server_confg: {}", "tls_server_confg is unknown"),
            ("basic_auth_excluded_paths: [/metrics]", "basic_auth_excluded_paths is not supported"),
            ("http_server_config: {http2: 2}", "http_server_config.http2 must be true or false"),
            ("http_server_config: {http3: true}", "http_server_config.http3 is unknown"),
            ("http_server_config: {headers: {Server: x}}", "http_server_config.headers.Server is unknown"),
            (
                "http_server_config: {headers: {X-Frame-Options: no}}",
                "http_server_config.headers.X-Frame-Options must be deny or sameorigin",
            ),
            (
                "http_server_config: {headers: {X-Content-Type-Options: sniff}}",
                "http_server_config.headers.X-Content-Type-Options must be nosniff",
            ),
            (
                "http_server_config: {headers: {Content-Security-Policy: \"a\\nb\"}}",
                "http_server_config.headers.Content-Security-Policy must be visible ASCII",
            ),
            ("basic_auth_users: {bob: hunter2}", "basic_auth_users.bob must be a bcrypt hash"),
            ("basic_auth_users: {bob: }", "basic_auth_users.bob must have a bcrypt hash"),
            ("rate_limit: {interval: 5, burst: 1}", "rate_limit.interval must be a duration"),
            ("rate_limit: {interval: 1s}", "rate_limit.burst must be at least 1"),
            ("rate_limit: {interval: 1s, burst: -1}", "rate_limit.burst must be a whole number"),
            ("rate_limit: {interval: 1s, burst: 1, per: user}", "rate_limit.per is unknown"),
            ("[a, list]", "the file must be a mapping"),
            ("rate_limit: 5", "rate_limit must be a mapping"),
        ] {
            let problem = problem(text);
            assert!(problem.starts_with(expected), "{text}: {problem}");
        }
        for cost in ["03", "17", "31"] {
            let problem = problem(&format!(
                "basic_auth_users: {{bob: '{}'}}",
                HASH.replace("$10$", &format!("${cost}$"))
            ));
            assert_eq!(problem, "basic_auth_users.bob must be a bcrypt hash with a cost from 4 to 16");
        }
    }

    #[test]
    fn all_problems_come_at_once() {
        let problems = parse(
            "tls_server_config: {cipher_suites: [a], min_version: TLS10}\nbasic_auth_users: {bob: x, eve: y}\nunknown: 1",
        )
        .unwrap_err();
        let keys: Vec<_> = problems.iter().map(|problem| problem.split(' ').next().unwrap()).collect();
        assert_eq!(
            keys,
            [
                "tls_server_config.cipher_suites",
                "tls_server_config.cert_file",
                "tls_server_config.key_file",
                "tls_server_config.min_version",
                "basic_auth_users.bob",
                "basic_auth_users.eve",
                "unknown"
            ]
        );
    }

    #[test]
    fn what_is_no_yaml_is_refused_with_its_place() {
        for text in ["a: b: c", "basic_auth_users: {", "a: 1\na: 2", "a: &x 1\nb: *y", "--- 1\n--- 2"] {
            let problem = problem(text);
            assert!(problem.starts_with("must be YAML") && problem.contains("at line "), "{text}: {problem}");
        }
    }

    #[test]
    fn nothing_secret_is_in_a_problem_or_in_debug_output() {
        let secret = "hunter2hunter2hunter2";
        for text in [
            format!("basic_auth_users: {secret}"),
            format!("basic_auth_users: {{bob: {secret}, bob: {secret}}}"),
            format!("basic_auth_users: {{bob: [{secret}]}}"),
            format!("basic_auth_users:\n  bob: {secret}: {secret}"),
            format!("basic_auth_users: {{bob: *{secret}}}"),
            format!("basic_auth_users: {{bob: !{secret} x"),
            format!("tls_server_config: {{cert: {secret}, key: [{secret}]}}"),
            format!("http_server_config: {{http2: {secret}}}"),
            secret.to_owned(),
        ] {
            let problems = parse(&text).expect_err(&text);
            assert!(!problems.iter().any(|problem| problem.contains("hunter2")), "{text}: {problems:?}");
        }
        let config = parse(&format!(
            "tls_server_config: {{cert: c, key: {secret}}}\nbasic_auth_users: {{bob: {HASH}}}"
        ));
        let shown = format!("{:?}", config.unwrap());
        assert!(!shown.contains("hunter2") && !shown.contains("mDwo"), "{shown}");
    }

    /// YAML that could stand in the place of a value, with a secret wherever a value can be.
    fn secrets() -> impl Strategy<Value = Value> {
        let secret = "hunter2";
        let leaf = prop_oneof![
            "[ -~]{0,4}".prop_map(move |more| Value::from(format!("{more}{secret}{more}"))),
            Just(Value::from(secret)),
            Just(Value::from(format!("{HASH}{secret}"))),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-z_]{1,6}", inner, 0..3)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// The sections and keys that there are.
    const KEYS: [(&str, &[&str]); 5] = [
        (
            "tls_server_config",
            &["cert_file", "key", "client_auth_type", "client_allowed_sans", "min_version"],
        ),
        ("http_server_config", &["http2", "headers"]),
        ("basic_auth_users", &["bob"]),
        ("rate_limit", &["interval", "burst"]),
        ("basic_auth_excluded_paths", &[]),
    ];

    proptest! {
        #[test]
        fn whatever_stands_in_the_file_is_understood_or_refused(text in ".{0,200}", key in "[a-z_]{1,30}") {
            let _ = parse(&text);
            let _ = parse(&format!("tls_server_config:\n  {key}: {text}"));
        }

        #[test]
        fn no_value_is_told_in_a_problem(section in 0..KEYS.len(), key: prop::sample::Index, value in secrets()) {
            let (section, keys) = KEYS[section];
            let mut whole = vec![json!({section: value})];
            if !keys.is_empty() {
                whole.push(json!({section: {(*key.get(keys)): value}}));
            }
            for file in whole {
                let problems = parse(&file.to_string()).err().unwrap_or_default();
                prop_assert!(!problems.iter().any(|problem| problem.contains("hunter2")), "{file}: {problems:?}");
            }
        }

        #[test]
        fn where_it_is_no_yaml_only_the_place_is_told(text in "[ -~\\n]{0,60}", at in 0..200usize) {
            let good = format!("basic_auth_users:\n  bob: '{HASH}'\nrate_limit: {{interval: 1s, burst: 2}}\n");
            let (before, after) = good.split_at(at.min(good.len()));
            let Err(problems) = parse(&format!("{before}{text}{after}")) else { return Ok(()) };
            if let [problem] = &*problems
                && let Some(place) = problem.strip_prefix("must be YAML without a key that comes twice: it is not")
            {
                let words: Vec<_> = place.split([' ', ',']).filter(|word| !word.is_empty()).collect();
                let is_place = match &*words {
                    [] => true,
                    ["at", "line", line, "column", column] => line.parse::<u32>().is_ok() && column.parse::<u32>().is_ok(),
                    _ => false,
                };
                prop_assert!(is_place, "{problem}");
            }
        }
    }
}
