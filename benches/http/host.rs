//! The program, serving the sample with more customers than the sample has.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::support::desk::{Desk, phone};
use crate::support::folder::Folder;
use crate::support::store;

/// The line «Служба поддержки» of the sample, whose operator is Анна.
const SUPPORT: Uuid = Uuid::from_u128(0x5a3b_1e00_0000_4000_8000_0000_0000_0101);

/// A running host.
pub struct Host {
    process: Child,
    /// Who asks it.
    pub asker: Asker,
    _folder: Folder,
}

/// The sample's operator, who asks a host.
#[derive(Clone)]
pub struct Asker {
    /// `http://127.0.0.1:…`
    pub address: String,
    /// The operator's token.
    pub token: String,
    client: Client,
    desk: Desk,
}

impl Host {
    /// Starts a host with the sample and so many customers, in a folder of its own.
    pub async fn start(contacts: usize) -> Host {
        let folder = Folder::new("http");
        let (process, _, tokens) = serve(folder.path()).await;
        interrupt(process).await;
        let (desk, log) = (Desk::new(1), store::open_log(folder.path()));
        desk.add_contacts(&log, contacts).await;
        log.close().await;
        drop(log);
        let token = tokens.get("anna").expect("the sample has an operator").clone();
        let (process, address, _) = serve(folder.path()).await;
        let client = Client::builder().pool_max_idle_per_host(usize::MAX).build().expect("a client");
        let asker = Asker { address, token, client, desk };
        // The first list waits for the projections to have the customers.
        asker.get("/api/sessions?list=my").await;
        Host { process, asker, _folder: folder }
    }

    /// Ends it as Ctrl-C does.
    pub async fn stop(self) {
        interrupt(self.process).await;
    }
}

impl Asker {
    /// Creates a session with a customer.
    pub async fn create(&self, contact: usize) {
        let element = self.desk.contact(contact).element.to_string();
        let body = json!({
            "line": SUPPORT.to_string(),
            "contact": { "app": "contacts", "element": element },
            "account": { "text": phone(contact) },
        });
        let request = self.client.post(format!("{}/api/sessions", self.address)).json(&body);
        let answer = request.bearer_auth(&self.token).send().await.expect("the host answers");
        let status = answer.status();
        let text = answer.text().await.expect("the answer is text");
        assert_eq!(status, 201, "{text}");
    }

    /// Reads a page.
    pub async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.address)).bearer_auth(&self.token);
        let answer = request.send().await.expect("the host answers");
        let status = answer.status();
        let text = answer.text().await.expect("the answer is text");
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).expect("the answer is JSON")
    }

    /// The position of the last event.
    pub async fn head(&self) -> u64 {
        self.get("/healthz").await["head"].as_u64().expect("a head is a number")
    }
}

/// Starts the program, and gives its address and the sample's tokens, if it issued them now.
async fn serve(data: &Path) -> (Child, String, HashMap<String, String>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_switchboard"));
    // Its few clients ask as fast as they can.
    command.args(["serve", "--sample", "--requests-per-token", "0", "--requests-per-address", "0"]);
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(data);
    command.env("RUST_LOG", "warn").stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = command.spawn().expect("the program starts");
    let mut lines = BufReader::new(process.stdout.take().expect("its output is piped")).lines();
    let mut tokens = HashMap::new();
    while let Some(line) = lines.next_line().await.expect("its output is text") {
        if let Some(address) = line.strip_prefix("listening on ") {
            return (process, address.to_owned(), tokens);
        }
        if let ["sample", "token", name, token] = line.split(' ').collect::<Vec<_>>()[..] {
            tokens.insert(name.to_owned(), token.to_owned());
        }
    }
    panic!("the program ended before it listened");
}

async fn interrupt(mut process: Child) {
    let id = process.id().expect("the program runs").to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().await;
    assert!(sent.is_ok_and(|status| status.success()), "the signal is sent");
    assert!(process.wait().await.is_ok_and(|status| status.success()), "the program ends in order");
}
