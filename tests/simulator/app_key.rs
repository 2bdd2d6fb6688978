//! The key of a GitHub App, and web tokens signed with it byte by byte.

use std::io::Write;
use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use github_copilot_exporter::simulator::{App, Options};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::client::{Client, noon, options};

/// The number of the App in all tests.
pub(crate) const APP: u64 = 4242;

/// One key for all tests: they take long to make.
pub(crate) static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());

/// What precedes the PKCS#1 in the PKCS#8 of a key of 2048 bits.
const PKCS8_HEAD: usize = 26;

/// The key as PKCS#8.
pub(crate) fn pkcs8(key: &KeyPair) -> String {
    let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
    pem("PRIVATE KEY", der.as_ref())
}

/// The key as PKCS#1, like those of GitHub and `openssl genrsa -traditional`.
pub(crate) fn pkcs1(key: &KeyPair) -> String {
    let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
    pem("RSA PRIVATE KEY", &der.as_ref()[PKCS8_HEAD..])
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A web token with this header and these claims.
pub(crate) fn signed(key: &KeyPair, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A web token with these claims, signed as it should be.
pub(crate) fn jwt(claims: &Value) -> String {
    signed(&KEY, &json!({ "alg": "RS256", "typ": "JWT" }), claims)
}

/// A web token that is good from a minute before `minutes` after noon to nine minutes after it.
pub(crate) fn good_after(minutes: i64) -> String {
    let now = noon().timestamp() + 60 * minutes;
    jwt(&json!({ "iss": APP, "iat": now - 60, "exp": now + 540 }))
}

/// The default company at noon, with the App on these accounts; everywhere if there are none.
pub(crate) async fn start(installs: &[&str]) -> Client {
    start_with(installs, options()).await
}

/// The same with other options.
pub(crate) async fn start_with(installs: &[&str], options: Options) -> Client {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(pkcs8(&KEY).as_bytes()).unwrap();
    let app = Some(App { id: APP, key_file: file.path().to_owned() });
    let install = installs.iter().map(|install| install.parse().unwrap()).collect();
    Client::start(Options { app, install, ..options }).await
}

impl Client {
    /// A request of the App itself, at noon.
    pub(crate) fn as_app(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.simulator.url())).bearer_auth(good_after(0))
    }

    /// What the App gets, at noon.
    pub(crate) async fn app_get(&self, path: &str) -> Response {
        self.as_app(Method::GET, path).send().await.unwrap()
    }

    /// The number of the installation on an account.
    pub(crate) async fn installation(&self, path: &str) -> u64 {
        let there: Value = self.app_get(path).await.json().await.unwrap();
        there["id"].as_u64().unwrap_or_else(|| panic!("{path}: {there}"))
    }

    /// A request for a token.
    pub(crate) fn mint(&self, installation: u64) -> RequestBuilder {
        self.as_app(Method::POST, &format!("/app/installations/{installation}/access_tokens"))
    }

    /// A token for an account.
    pub(crate) async fn token(&self, path: &str) -> String {
        let answer = self.mint(self.installation(path).await).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{path}");
        let body: Value = answer.json().await.unwrap();
        body["token"].as_str().unwrap().to_owned()
    }
}

/// Status and message of a refusal.
pub(crate) async fn refused(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["status"], status.to_string(), "{body}");
    (status, body["message"].as_str().unwrap().to_owned())
}
