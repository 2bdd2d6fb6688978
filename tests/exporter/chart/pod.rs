//! The rendered pod, run by hand: its environment, arguments, user and mounts, against the simulated GitHub.

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use super::{
    Chart,
    render::{Objects, merged, minimal, with},
};
use crate::{
    empty_root::{binary, directory, is_root, unpack_image},
    program::{Running, exporter, run},
    support::{Patience, Scrape},
    web::Authority,
};

/// Secrets of the cluster: name, and keys with what they hold.
pub type Secrets<'a> = [(&'a str, &'a [(&'a str, &'a str)])];

/// What a Secret holds at a key.
pub fn secret<'a>(secrets: &Secrets<'a>, name: &Value, key: &Value) -> &'a str {
    let (_, keys) =
        secrets.iter().find(|(other, _)| name == other).unwrap_or_else(|| panic!("no Secret {name}"));
    keys.iter().find(|(other, _)| key == other).unwrap_or_else(|| panic!("no key {key} in {name}")).1
}

/// A container's view of the cluster: a directory that stands for `/`.
pub struct Node {
    root: tempfile::TempDir,
    /// Whether these tests may take another user's place.
    is_root: bool,
}

impl Node {
    pub fn new() -> Self {
        Self { root: directory(), is_root: is_root() }
    }

    /// Where a path of the container is.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.path().join(inside.trim_start_matches('/'))
    }

    /// A text of the container's in which its paths are those here.
    pub fn text(&self, inside: &str) -> String {
        match inside.strip_prefix('/') {
            Some(_) => self.path(inside).display().to_string(),
            None => inside.to_owned(),
        }
    }

    /// Mounts all volumes of a container, each as the kubelet does.
    pub fn mount(&self, pod: &Value, secrets: &Secrets<'_>) {
        for mount in pod["containers"][0]["volumeMounts"].as_array().into_iter().flatten() {
            assert!(mount["subPath"].is_null(), "{mount}: a file by subPath never changes");
            let volumes = pod["volumes"].as_array().unwrap();
            let volume = volumes.iter().find(|volume| volume["name"] == mount["name"]).unwrap();
            let at = self.path(mount["mountPath"].as_str().unwrap());
            if volume["emptyDir"].is_object() {
                fs::create_dir_all(&at).unwrap();
                self.give(&at, 0o2770);
            } else {
                self.project(&at, volume, secrets);
            }
        }
    }

    /// Writes the files of a volume of Secrets behind a link that changes at once, as the kubelet does: every file is a link
    /// to one in `..data`, and that is a link to a directory.
    fn project(&self, at: &Path, volume: &Value, secrets: &Secrets<'_>) {
        fs::create_dir_all(at).unwrap();
        let generation = tempfile::Builder::new().prefix("..").tempdir_in(at).unwrap().keep();
        fs::set_permissions(&generation, fs::Permissions::from_mode(0o755)).unwrap();
        let (volume, mode) = match &volume["secret"] {
            Value::Null => (&volume["projected"]["sources"], &volume["projected"]["defaultMode"]),
            secret => (&json!([{"secret": secret}]), &secret["defaultMode"]),
        };
        for source in volume.as_array().unwrap() {
            for (file, text) in files(&source["secret"], secrets) {
                fs::write(generation.join(&file), text).unwrap();
                self.give(&generation.join(&file), u32::try_from(mode.as_u64().unwrap()).unwrap());
                if at.join(&file).symlink_metadata().is_err() {
                    symlink(Path::new("..data").join(&file), at.join(&file)).unwrap();
                }
            }
        }
        symlink(generation.file_name().unwrap(), at.join("..new")).unwrap();
        fs::rename(at.join("..new"), at.join("..data")).unwrap();
    }

    /// Gives a file to the group of the pod, as its fsGroup asks for. Who cannot keeps it.
    fn give(&self, file: &Path, mode: u32) {
        if self.is_root {
            chown(file, Some(0), Some(65532)).unwrap();
        }
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The command of the exporter's container, with the port that the system gives: in the empty root, as its user and with
    /// its paths. Who may not do that runs it beside, with the paths that they have here.
    fn command(&self, objects: &Objects) -> Command {
        let container = objects.container();
        assert!(container["command"].is_null(), "the image's own");
        let mut command = if self.is_root { self.inside(objects.pod()) } else { Command::new(binary()) };
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin").stdin(Stdio::null());
        command.args(container["args"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap()));
        let here = |value: String| if self.is_root { value } else { self.text(&value) };
        command.envs(objects.environment().into_iter().map(|(name, value)| (name, here(value))));
        command.env("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0");
        command
    }

    /// What enters the root as the user that the pod asks for, and starts what the image has there.
    fn inside(&self, pod: &Value) -> Command {
        if !self.path("github-copilot-exporter").exists() {
            unpack_image(self.root.path(), &Authority::new().pem);
        }
        let user = &pod["securityContext"];
        let mut command = Command::new("chroot");
        command.arg(format!("--userspec={}:{}", user["runAsUser"], user["runAsGroup"]));
        command
            .arg(format!("--groups={}", user["fsGroup"]))
            .arg(self.root.path())
            .arg("/github-copilot-exporter");
        command
    }
}

/// The files that a Secret is mounted as, and what they hold.
fn files<'a>(source: &Value, secrets: &Secrets<'a>) -> Vec<(String, &'a str)> {
    let name = if source["secretName"].is_null() { &source["name"] } else { &source["secretName"] };
    let Some(items) = source["items"].as_array() else {
        let (_, keys) =
            secrets.iter().find(|(other, _)| name == other).unwrap_or_else(|| panic!("no Secret {name}"));
        return keys.iter().map(|(key, text)| ((*key).to_owned(), *text)).collect();
    };
    let file =
        |item: &Value| (item["path"].as_str().unwrap().to_owned(), secret(secrets, name, &item["key"]));
    items.iter().map(file).collect()
}

/// A pod of the chart that runs.
pub struct Pod {
    pub node: Node,
    pub objects: Objects,
    pub running: Running,
    pub address: String,
}

impl Pod {
    pub fn start(values: &Value, secrets: &Secrets<'_>) -> Self {
        Self::start_on(Node::new(), Objects::of(&Chart::ours(), values), secrets)
    }

    fn start_on(node: Node, objects: Objects, secrets: &Secrets<'_>) -> Self {
        node.mount(objects.pod(), secrets);
        let running = Running::start(node.command(&objects));
        let address = running.address();
        Self { node, objects, running, address }
    }

    pub fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap()
    }

    /// Waits until both probes succeed, as the kubelet asks them: with neither password nor certificate.
    pub fn become_ready(&self) {
        for probe in ["livenessProbe", "readinessProbe"] {
            let probe = &self.objects.container()[probe];
            let patience = Patience::new();
            while !self.answers(probe) {
                patience.check(&probe.to_string());
            }
        }
    }

    fn answers(&self, probe: &Value) -> bool {
        assert_eq!(self.objects.container()["ports"][0]["name"], "http");
        if probe["tcpSocket"]["port"] == "http" {
            return TcpStream::connect(&self.address).is_ok();
        }
        let get = &probe["httpGet"];
        assert_eq!(get["port"], "http", "{probe}");
        let scheme = get["scheme"].as_str().unwrap().to_lowercase();
        let url = format!("{scheme}://{}{}", self.address, get["path"].as_str().unwrap());
        curl(&["--insecure", "--write-out", "%{http_code}", "--output", "/dev/null", &url]).1 == "200"
    }

    /// What `/metrics` answers to curl with these switches; empty if nothing.
    pub fn metrics(&self, arguments: &[&str]) -> String {
        let scheme =
            self.objects.container()["livenessProbe"]["httpGet"]["scheme"].as_str().unwrap_or("HTTPS");
        let url = format!("{}://{}/metrics", scheme.to_lowercase(), self.address);
        curl(&[arguments, &["--fail", &url]].concat()).1
    }

    /// Scrapes until there are daily active users of this organisation or enterprise.
    pub fn until_figures_of(&self, owner: &str, arguments: &[&str]) {
        let patience = Patience::new();
        let labels = [format!("\"{owner}\""), r#"team="""#.to_owned()];
        loop {
            let scrape = Scrape::read(self.metrics(arguments));
            let family = "github_copilot_total_active_users";
            if scrape.of(family, &labels.each_ref().map(String::as_str)).next().is_some() {
                return;
            }
            patience.check(&format!("figures of {owner}"));
        }
    }
}

/// Runs curl past all proxies.
pub fn curl(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--noproxy", "*"]).args(arguments);
    run(curl)
}

/// The simulated GitHub, and where everything is.
pub struct GitHub {
    _running: Running,
    pub about: Value,
}

impl GitHub {
    pub fn start(more: &[&str]) -> Self {
        let size = ["--orgs", "2", "--teams", "2", "--users", "30"];
        let arguments = [&["simulate", "--json"], &size[..], more].concat();
        let running = Running::start(exporter(&arguments, &[]));
        let about = serde_json::from_str(&running.line_with("\"api\"")).unwrap();
        Self { _running: running, about }
    }

    pub fn org(&self, number: usize) -> &str {
        self.about["orgs"][number].as_str().unwrap()
    }

    pub fn token(&self) -> &str {
        self.about["token"].as_str().unwrap()
    }

    /// Values by which the chart watches the first organisation.
    pub fn values(&self) -> Value {
        merged(&minimal(), &json!({"github": {"apiUrl": self.about["api"], "orgs": [self.org(0)]}}))
    }
}

#[test]
fn the_pod_serves_figures_answers_its_probes_and_keeps_its_state() {
    let github = GitHub::start(&[]);
    let pod = Pod::start(&github.values(), &[("github-token", &[("token", github.token())])]);
    pod.become_ready();
    pod.until_figures_of(github.org(0), &[]);
    let state = pod.node.path(
        &with(&json!({})).environment().iter().find(|(name, _)| name == "EXPORTER_STATE_DIR").unwrap().1,
    );
    let patience = Patience::new();
    while !state.join("state.json.gz").exists() {
        patience.check("the state");
    }
    let (status, lines) = pod.running.terminate();
    assert_eq!(status.code(), Some(0));
    let trouble: Vec<_> =
        lines.iter().filter(|line| line.contains("level=warn") || line.contains("level=error")).collect();
    assert_eq!(trouble, [""; 0]);
}

#[test]
fn a_probe_of_another_path_never_succeeds() {
    let github = GitHub::start(&[]);
    let pod = Pod::start(&github.values(), &[("github-token", &[("token", github.token())])]);
    pod.become_ready();
    for (path, probe) in [("/healthz", "livenessProbe"), ("/readyz", "readinessProbe")] {
        let elsewhere = Chart::changed("templates/deployment.yaml", path, "/health");
        let objects = Objects::of(&elsewhere, &minimal());
        assert!(!pod.answers(&objects.container()[probe]), "{path}");
    }
}

#[test]
fn a_new_token_in_the_secret_is_used_without_a_restart() {
    let github = GitHub::start(&[]);
    let pod = Pod::start(&github.values(), &[("github-token", &[("token", "ghp_revoked")])]);
    pod.running.line_with("unauthorized");
    pod.node.mount(pod.objects.pod(), &[("github-token", &[("token", github.token())])]);
    pod.running.line_with("works again");
    pod.until_figures_of(github.org(0), &[]);
}

#[test]
fn a_new_token_among_the_values_changes_no_pod() {
    let deployment = |token: &str| {
        let value = json!({"github": {"orgs": ["octo"], "token": {"value": token}}});
        Objects::of(&Chart::ours(), &value).the("Deployment").clone()
    };
    assert_eq!(deployment("ghp_old"), deployment("ghp_new"), "it is read again, so nothing need restart");
}

#[test]
fn each_owner_is_asked_with_the_token_under_its_own_key() {
    let github = GitHub::start(&[]);
    let token = json!({"existingSecret": "github-tokens", "perOwner": true});
    let orgs = json!([github.org(0).to_uppercase(), github.org(1)]);
    let values = merged(&github.values(), &json!({"github": {"orgs": orgs, "token": token}}));
    let pod = Pod::start(
        &values,
        &[("github-tokens", &[(github.org(0), github.token()), (github.org(1), "ghp_revoked")])],
    );
    assert!(pod.running.line_with("unauthorized").contains(github.org(1)));
    pod.until_figures_of(github.org(0), &[]);
    let right = [(github.org(0), "ghp_revoked"), (github.org(1), github.token())];
    pod.node.mount(pod.objects.pod(), &[("github-tokens", &right)]);
    pod.running.line_with("works again");
    pod.until_figures_of(github.org(1), &[]);
}

#[test]
fn an_app_asks_where_it_is_installed() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("app.pem");
    let github = GitHub::start(&["--app", &format!("123456={}", key.display())]);
    let values = merged(&Chart::ours().feature("app"), &json!({"github": {"apiUrl": github.about["api"]}}));
    let pem = fs::read_to_string(&key).unwrap();
    let pod = Pod::start(&values, &[("github-app", &[("app.pem", &pem)])]);
    pod.until_figures_of(github.org(0), &[]);
    pod.until_figures_of(github.org(1), &[]);
}

#[test]
fn a_token_and_a_key_among_the_values_become_a_secret_that_the_pod_reads() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("app.pem");
    let install = ["--app", &format!("7={}", key.display())];
    let github = GitHub::start(&install);
    let pem = fs::read_to_string(&key).unwrap();
    let given = json!({"token": {"existingSecret": "", "value": github.token()}, "app": {"id": "7", "privateKey": pem}});
    let values = merged(&github.values(), &json!({"github": given}));
    let objects = Objects::of(&Chart::ours(), &values);
    let made = objects.the("Secret");
    let decoded = |key: &str| {
        use base64::Engine;
        let bytes =
            base64::engine::general_purpose::STANDARD.decode(made["data"][key].as_str().unwrap()).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let (token, key) = (decoded("token"), decoded("private-key.pem"));
    assert_eq!((&*token, &*key), (github.token(), &*pem));
    let name = made["metadata"]["name"].as_str().unwrap().to_owned();
    let pod =
        Pod::start_on(Node::new(), objects, &[(&*name, &[("token", &*token), ("private-key.pem", &*key)])]);
    pod.until_figures_of(github.org(0), &[]);
}
