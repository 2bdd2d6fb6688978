//! The web configuration file: TLS, client certificates, passwords, headers and limits, with curl and a real Prometheus.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::{
    program::{Running, exporter, run},
    support::{Patience, Scrape},
};

const TLS: &str = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n";

/// Signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let (mut params, key) = (CertificateParams::new([]).unwrap(), KeyPair::generate().unwrap());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Writes `NAME.pem` and `NAME.key` for these names.
    pub fn issue(&self, at: &Path, file: &str, names: &[&str]) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        // With the subject of the authority it would look as if it had signed itself.
        params.distinguished_name.push(DnType::CommonName, file);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(at.join(format!("{file}.pem")), certificate.pem()).unwrap();
        fs::write(at.join(format!("{file}.key")), key.serialize_pem()).unwrap();
    }
}

/// An exporter with a web configuration, and the files that it names.
struct Site {
    dir: tempfile::TempDir,
    authority: Authority,
    exporter: Running,
    address: String,
}

impl Site {
    /// With `server.pem` for this machine, and `client.pem` of the same authority, `ca.pem`.
    fn start(web: &str) -> Self {
        let (dir, authority) = (tempfile::tempdir().unwrap(), Authority::new());
        authority.issue(dir.path(), "server", &["127.0.0.1"]);
        authority.issue(dir.path(), "client", &["prometheus.example"]);
        fs::write(dir.path().join("ca.pem"), &authority.pem).unwrap();
        fs::write(dir.path().join("web.yml"), web).unwrap();
        let exporter = Running::start(command(dir.path()));
        let address = exporter.address();
        Self { dir, authority, exporter, address }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.path().join(name), text).unwrap();
    }

    /// The status that curl gets over TLS; `000` if there was none.
    fn https(&self, path: &str, arguments: &[&str]) -> String {
        let trust = ["--cacert".to_owned(), self.path("ca.pem")];
        status(
            &format!("https://{}{path}", self.address),
            &[&trust.each_ref().map(String::as_str), arguments].concat(),
        )
    }

    fn http(&self, path: &str, arguments: &[&str]) -> String {
        status(&format!("http://{}{path}", self.address), arguments)
    }

    /// The switches of curl for a client's certificate.
    fn certificate(&self, name: &str) -> [String; 4] {
        let (pem, key) = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        ["--cert".to_owned(), pem, "--key".to_owned(), key]
    }

    fn https_as(&self, name: &str) -> String {
        self.https("/metrics", &self.certificate(name).each_ref().map(String::as_str))
    }
}

fn command(dir: &Path) -> Command {
    let web = dir.join("web.yml").display().to_string();
    let variables = [
        ("GITHUB_TOKEN", "ghp_secret"),
        ("GITHUB_ORGS", "octo"),
        ("GITHUB_API_URL", "http://127.0.0.1:9"),
        ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
        ("EXPORTER_LOG_LEVEL", "trace"),
        ("EXPORTER_WEB_CONFIG_FILE", &*web),
    ];
    exporter(&[], &variables)
}

fn status(url: &str, arguments: &[&str]) -> String {
    let mut curl = Command::new("curl");
    curl.args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "--noproxy", "*"]).args(arguments).arg(url);
    let (_, code, _) = run(curl);
    code
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let patience = Patience::new();
    while !holds() {
        patience.check(what);
    }
}

fn hash(password: &str) -> String {
    bcrypt::hash(password, 4).unwrap()
}

fn users(pairs: &[(&str, &str)]) -> String {
    let line = |(user, password): &(&str, &str)| format!("  {user}: {}\n", hash(password));
    format!("basic_auth_users:\n{}", pairs.iter().map(line).collect::<String>())
}

#[test]
fn with_a_certificate_it_is_served_encrypted_and_in_no_other_way() {
    let site = Site::start(TLS);
    for path in ["/metrics", "/", "/healthz", "/readyz"] {
        assert_ne!(site.https(path, &[]), "000", "{path}");
        assert_eq!(site.http(path, &[]), "000", "{path}");
    }
    assert_eq!(site.https("/metrics", &["--tls-max", "1.2"]), "200");
    assert_eq!(site.https("/metrics", &["--tlsv1.3"]), "200");
    assert_eq!(site.https("/metrics", &["--http2"]), "200");
    assert_eq!(site.exporter.terminate().0.code(), Some(0));
    let newest = Site::start(&TLS.replace('}', ", min_version: TLS13}"));
    assert_eq!(newest.https("/metrics", &["--tls-max", "1.2"]), "000");
    assert_eq!(newest.https("/metrics", &[]), "200");
}

#[test]
fn certificate_and_key_may_stand_in_the_file_itself() {
    let (dir, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    authority.issue(dir.path(), "server", &["127.0.0.1"]);
    let indented = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap().replace('\n', "\n    ");
    let (certificate, key) = (indented("server.pem"), indented("server.key"));
    let web = format!("tls_server_config:\n  cert: |\n    {certificate}\n  key: |\n    {key}\n");
    fs::write(dir.path().join("web.yml"), web).unwrap();
    fs::write(dir.path().join("ca.pem"), &authority.pem).unwrap();
    let exporter = Running::start(command(dir.path()));
    let url = format!("https://{}/metrics", exporter.address());
    assert_eq!(status(&url, &["--cacert", dir.path().join("ca.pem").to_str().unwrap()]), "200");
}

#[test]
fn a_client_needs_a_certificate_of_the_authority_with_an_allowed_name() {
    let asks =
        |more: &str| TLS.replace('}', &format!(", client_ca_file: ca.pem, client_auth_type: {more}}}"));
    let required = Site::start(&asks("RequireAndVerifyClientCert"));
    Authority::new().issue(required.dir.path(), "stranger", &["prometheus.example"]);
    assert_eq!(required.https_as("client"), "200");
    assert_eq!(required.https_as("stranger"), "000");
    assert_eq!(required.https("/metrics", &[]), "000");
    assert_eq!(required.https("/healthz", &[]), "000", "there is no path before there is a connection");

    let if_given = Site::start(&asks("VerifyClientCertIfGiven"));
    Authority::new().issue(if_given.dir.path(), "stranger", &["prometheus.example"]);
    assert_eq!(if_given.https("/metrics", &[]), "200");
    assert_eq!(if_given.https_as("client"), "200");
    assert_eq!(if_given.https_as("stranger"), "000");

    let named =
        Site::start(&asks("RequireAndVerifyClientCert, client_allowed_sans: [prometheus.example, 10.1.2.3]"));
    for (names, expected) in [
        (["prometheus.example"].as_slice(), "200"),
        (&["other.example", "prometheus.example"], "200"),
        (&["10.1.2.3"], "200"),
        (&["10.1.2.4"], "000"),
        (&["other.example"], "000"),
        (&["*.example"], "000"),
        (&["PROMETHEUS.example.net"], "000"),
    ] {
        named.authority.issue(named.dir.path(), "named", names);
        assert_eq!(named.https_as("named"), expected, "{names:?}");
    }
}

/// Whether a path is answered with this status to bob, whose password is hunter2, and eve, whose is other, alone.
fn assert_opened_by_passwords_only(site: &Site, path: &str, expected: &str) {
    for arguments in [
        [].as_slice(),
        &["-u", "bob:hunter3"],
        &["-u", "bob:"],
        &["-u", "bob:other"],
        &["-u", "nobody:hunter2"],
        &["-u", ":hunter2"],
        &["-H", "Authorization: Basic %%%"],
        &["-H", "Authorization: Bearer hunter2"],
        &["-H", "Authorization: Basic"],
    ] {
        assert_eq!(site.http(path, arguments), "401", "{path} {arguments:?}");
    }
    for known in ["bob:hunter2", "eve:other"] {
        assert_eq!(site.http(path, &["-u", known]), expected, "{path}");
    }
}

#[test]
fn a_password_opens_everything_and_health_needs_none() {
    let site = Site::start(&users(&[("bob", "hunter2"), ("eve", "other")]));
    let series = |path: &str, code: u16| {
        format!(r#"github_copilot_exporter_http_requests_total{{path="{path}",code="{code}"}}"#)
    };
    let scrape = || {
        let mut curl = Command::new("curl");
        curl.args(["-s", "--noproxy", "*", "-u", "bob:hunter2", &format!("http://{}/metrics", site.address)]);
        Scrape::read(run(curl).1)
    };
    let before = scrape();
    for refused in [series("/metrics", 401), series("other", 401), series("/", 429)] {
        assert_eq!(before.get(&refused), Some(0.0), "{refused} is there from the start");
    }
    for (path, expected) in [("/metrics", "200"), ("/", "200"), ("/nothing", "404")] {
        assert_opened_by_passwords_only(&site, path, expected);
    }
    for path in ["/healthz", "/-/healthy"] {
        assert_eq!(site.http(path, &[]), "200", "{path}");
    }
    for path in ["/readyz", "/-/ready"] {
        assert_ne!(site.http(path, &[]), "401", "{path}");
    }
    assert_eq!(scrape().get(&series("/metrics", 401)), Some(9.0));
    let mut curl = Command::new("curl");
    curl.args(["-si", "--noproxy", "*", &format!("http://{}/metrics", site.address)]);
    let (_, answer, _) = run(curl);
    assert!(answer.to_lowercase().contains("www-authenticate: basic realm="), "{answer}");
    let (_, said) = site.exporter.terminate();
    for secret in ["hunter2", "hunter3", "$2b$", "Ym9iOmh1bnRlcj", "authorization"] {
        assert!(!said.iter().any(|line| line.contains(secret)), "{secret}: {said:?}");
    }
}

#[test]
fn headers_are_set_on_every_answer_and_too_many_requests_are_refused() {
    let headers = "http_server_config: {http2: true, headers: {X-Frame-Options: deny, Content-Security-Policy: none}}\n";
    let site = Site::start(&format!("{headers}rate_limit: {{interval: 1h, burst: 2}}\n"));
    let head = |path: &str| {
        let mut curl = Command::new("curl");
        curl.args(["-sI", "--noproxy", "*", &format!("http://{}{path}", site.address)]);
        run(curl).1.to_lowercase()
    };
    for (path, expected) in [("/", "200"), ("/nothing", "404"), ("/metrics", "429"), ("/healthz", "200")] {
        let answer = head(path);
        assert!(answer.starts_with(&format!("http/1.1 {expected}")), "{path}: {answer}");
        for header in ["x-frame-options: deny", "content-security-policy: none"] {
            assert_eq!(answer.matches(header.split(':').next().unwrap()).count(), 1, "{path}: {answer}");
            assert!(answer.contains(header), "{path}: {answer}");
        }
        assert_eq!(answer.contains("retry-after: 3600"), expected == "429", "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_takes_effect_without_a_restart_even_on_open_connections() {
    let site = Site::start("");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let metrics = format!("http://{}/metrics", site.address);
    let get = async || http.get(&metrics).send().await.map(|answer| answer.status().as_u16());
    assert_eq!(get().await.unwrap(), 200);
    site.write("web.yml", &users(&[("bob", "first")]));
    // Asked all the time, the open connection would live for minutes.
    let patience = Patience::new();
    while get().await.ok() != Some(401) {
        patience.check("a password");
    }
    assert_eq!(site.http("/metrics", &["-u", "bob:first"]), "200");
    site.write("web.yml", &users(&[("bob", "second")]));
    until("the second password", || site.http("/metrics", &["-u", "bob:second"]) == "200");
    assert_eq!(site.http("/metrics", &["-u", "bob:first"]), "401");
    site.write("web.yml", &format!("{TLS}{}", users(&[("bob", "second")])));
    until("TLS", || site.https("/metrics", &["-u", "bob:second"]) == "200");
    assert_eq!(site.http("/metrics", &["-u", "bob:second"]), "000");
}

#[test]
fn a_new_certificate_is_taken_also_through_the_symlinks_of_kubernetes() {
    let (dir, first, second) = (tempfile::tempdir().unwrap(), Authority::new(), Authority::new());
    for (version, authority) in [("..1", &first), ("..2", &second)] {
        let version = dir.path().join(version);
        fs::create_dir(&version).unwrap();
        authority.issue(&version, "server", &["127.0.0.1"]);
        fs::write(version.join("web.yml"), TLS).unwrap();
        fs::write(version.join("ca.pem"), &authority.pem).unwrap();
    }
    symlink("..1", dir.path().join("..data")).unwrap();
    for name in ["server.pem", "server.key", "web.yml"] {
        symlink(format!("..data/{name}"), dir.path().join(name)).unwrap();
    }
    let exporter = Running::start(command(dir.path()));
    let url = format!("https://{}/metrics", exporter.address());
    let trusts = |ca: &str| status(&url, &["--cacert", dir.path().join(ca).to_str().unwrap()]) == "200";
    assert!(trusts("..1/ca.pem") && !trusts("..2/ca.pem"));
    symlink("..2", dir.path().join("..data_tmp")).unwrap();
    fs::rename(dir.path().join("..data_tmp"), dir.path().join("..data")).unwrap();
    until("the second certificate", || trusts("..2/ca.pem"));
    assert!(!trusts("..1/ca.pem"));
}

#[test]
fn a_broken_change_keeps_what_was_set_and_says_so_once() {
    let site = Site::start(&format!("{TLS}{}", users(&[("bob", "first")])));
    let works = |password: &str| site.https("/metrics", &["-u", &format!("bob:{password}")]);
    let broken_key = fs::read_to_string(site.dir.path().join("client.key")).unwrap();
    let key = fs::read_to_string(site.dir.path().join("server.key")).unwrap();
    let good = fs::read_to_string(site.dir.path().join("web.yml")).unwrap();
    for (name, broken, whole, word) in [
        (
            "web.yml",
            "basic_auth_users: {bob: hunter2}\nunknown: hunter2",
            &good,
            "basic_auth_users.bob must be",
        ),
        ("web.yml", "basic_auth_users: {", &good, "must be YAML"),
        ("web.yml", "\n", &good, "the file is empty"),
        ("server.key", "hunter2", &key, "must be a private key"),
        ("server.key", &*broken_key, &key, "must be the private key of the certificate"),
    ] {
        site.write(name, broken);
        let line = site.exporter.line_with("cannot be used");
        assert!(line.contains("level=warn") && line.contains(word) && !line.contains("hunter2"), "{line}");
        assert_eq!(
            (works("first"), works("second"), site.http("/metrics", &[])),
            ("200".into(), "401".into(), "000".into())
        );
        site.write(name, whole);
        site.exporter.line_with("has changed");
    }
    fs::remove_file(site.dir.path().join("server.pem")).unwrap();
    assert!(site.exporter.line_with("cannot be used").contains("server.pem: cannot be read"));
    assert_eq!(works("first"), "200");
    site.authority.issue(site.dir.path(), "server", &["127.0.0.1"]);
    site.write("web.yml", &format!("{TLS}{}", users(&[("bob", "second")])));
    until("the second password", || works("second") == "200");
    let (_, said) = site.exporter.terminate();
    assert!(!said.iter().any(|line| line.contains("cannot be used")), "{said:?}");
}

#[test]
fn a_broken_file_at_the_start_ends_it_with_64_and_every_problem_on_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let attempt = |web: &str| {
        fs::write(dir.path().join("web.yml"), web).unwrap();
        let (code, said, problems) = run(command(dir.path()));
        assert_eq!((code, &*said), (Some(64), ""), "{problems}");
        assert!(!problems.contains("hunter2") && !problems.contains("panicked"), "{problems}");
        problems.lines().map(|line| line.replace(dir.path().to_str().unwrap(), "DIR")).collect::<Vec<_>>()
    };
    assert_eq!(
        attempt(
            "tls_server_config: {cert_file: c, key_file: k, cipher_suites: [x]}\nbasic_auth_users: {bob: hunter2}"
        ),
        [
            "EXPORTER_WEB_CONFIG_FILE DIR/web.yml: tls_server_config.cipher_suites is not supported: only suites that are held to be safe are offered; leave it out",
            "EXPORTER_WEB_CONFIG_FILE DIR/web.yml: basic_auth_users.bob must be a bcrypt hash",
        ]
    );
    assert_eq!(
        attempt("tls_server_config: {cert_file: c.pem, key: hunter2}"),
        [
            "EXPORTER_WEB_CONFIG_FILE tls_server_config.cert_file DIR/c.pem: cannot be read: No such file or directory (os error 2)",
            "EXPORTER_WEB_CONFIG_FILE tls_server_config.key must be a private key in PEM, without a password",
        ]
    );
    fs::remove_file(dir.path().join("web.yml")).unwrap();
    let (code, _, problems) = run(command(dir.path()));
    assert_eq!(code, Some(64));
    assert!(
        problems.ends_with("web.yml: cannot be read: No such file or directory (os error 2)\n"),
        "{problems}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_scrapes_with_a_certificate_and_a_password_while_others_guess() {
    let site = Site::start(&format!(
        "tls_server_config: {{cert_file: server.pem, key_file: server.key, client_ca_file: ca.pem, \
         client_auth_type: RequireAndVerifyClientCert, client_allowed_sans: [prometheus.example]}}\n\
         basic_auth_users: {{prometheus: {}}}\n",
        // As costly as htpasswd makes it.
        bcrypt::hash("pass word", 10).unwrap()
    ));
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: copilot\n  scheme: https\n  \
         tls_config: {{ca_file: {0}/ca.pem, cert_file: {0}/client.pem, key_file: {0}/client.key}}\n  \
         basic_auth: {{username: prometheus, password: pass word}}\n  static_configs: [{{targets: ['{1}']}}]\n",
        site.dir.path().display(),
        site.address
    );
    site.write("prometheus.yml", &config);
    let certificate = site.certificate("client");
    let guess = || {
        let mut curl = Command::new("curl");
        curl.args(["-s", "-o", "/dev/null", "--cacert", &site.path("ca.pem"), "-u", "prometheus:wrong"]);
        // Over and over, on a few connections at once.
        curl.args([
            "--parallel",
            "--parallel-max",
            "3",
            &format!("https://{}/metrics?[1-100000]", site.address),
        ]);
        curl.args(&certificate).stdout(Stdio::null());
        Running::start(curl)
    };
    let _guessing = guess();
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", site.path("prometheus.yml")));
    command.arg(format!("--storage.tsdb.path={}", site.path("tsdb")));
    command.arg("--web.listen-address=127.0.0.1:0");
    let prometheus = Running::start(command);
    prometheus.line_with("Server is ready to receive web requests");
    let url = format!("http://127.0.0.1:{}/api/v1/query?query=up", prometheus.port());
    let patience = Patience::new();
    loop {
        patience.check("a scrape");
        let answer: serde_json::Value = reqwest::get(&url).await.unwrap().json().await.unwrap();
        if answer["data"]["result"][0]["value"][1] == "1" {
            break;
        }
    }
    let metrics = format!("https://{}/metrics", site.address);
    let mut curl = Command::new("curl");
    curl.args([
        "-s",
        "--noproxy",
        "*",
        "--cacert",
        &site.path("ca.pem"),
        "-u",
        "prometheus:pass word",
        &metrics,
    ]);
    curl.args(&certificate);
    let scrape = Scrape::read(run(curl).1);
    let refused = r#"github_copilot_exporter_http_requests_total{path="/metrics",code="401"}"#;
    assert!(scrape.get(refused) > Some(0.0), "somebody guesses");
}
