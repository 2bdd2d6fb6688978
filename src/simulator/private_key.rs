//! An App's private key in its file: read, or made and written there.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{DecodingKey, EncodingKey};

/// The public half of the private key in the file at `path`, which is made if there is no such file.
///
/// # Errors
/// In words, when the file can be neither read nor written or holds something else.
pub(super) fn public_half(path: &Path) -> Result<DecodingKey, String> {
    let pem = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => make(path).map_err(|error| error.to_string())?,
        read => read.map_err(|error| error.to_string())?,
    };
    let key = EncodingKey::from_rsa_pem(&pem).ok();
    let pair = key.and_then(|key| KeyPair::from_der(key.as_bytes()).ok());
    let pair =
        pair.ok_or("it holds no private RSA key in PEM, of at least 2048 bits and without a password")?;
    Ok(DecodingKey::from_rsa_der(pair.public_key().as_ref()))
}

/// A new key in a new file that only its owner may read, in the form in which GitHub hands keys out (PKCS#1).
fn make(path: &Path) -> io::Result<Vec<u8>> {
    let failed = || io::Error::other("the key cannot be made");
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| failed())?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| failed())?;
    // Reading PKCS#8 gives the PKCS#1 inside of it.
    let inside = EncodingKey::from_rsa_pem(pem("PRIVATE KEY", pkcs8.as_ref()).as_bytes());
    let pem = pem("RSA PRIVATE KEY", inside.map_err(|_| failed())?.as_bytes());
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(pem.as_bytes())?;
    Ok(pem.into_bytes())
}

/// Bytes as PEM has them, in lines of 64 characters.
fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}
