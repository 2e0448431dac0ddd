//! The OpenAPI document held against a running host by somebody else's program: Schemathesis makes
//! requests out of the document, right and wrong ones, and looks at every answer.

#[path = "support/host.rs"]
mod host;

use std::path::Path;
use std::process::Stdio;

use host::Host;
use tokio::process::Command;

/// Everybody whose answers are looked at: each role is another way through the host.
const ROLES: [&str; 6] = ["administrator", "anna", "vera", "gleb", "channel:email", "process:order-ready"];

/// What is looked at. That a request which fits the schema is accepted is not: the rules of the desk
/// refuse many of them, and no schema tells a blank title or a line that has not bound the app.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,negative_data_rejection,\
    missing_required_header,unsupported_method,allow_header_conformance,ignored_auth";

/// Random requests for each operation and role, beside those that cover each bound of the schema.
const EXAMPLES: &str = "4";

/// The operations that the document has at least, without the streams of events.
const OPERATIONS_MIN: usize = 84;

/// The streams of events have no end to be looked at.
const ENDLESS: &str = "events$";

#[tokio::test]
#[ignore = "needs Schemathesis, which tests/install installs"]
async fn no_request_makes_the_host_fail_or_answer_what_the_document_does_not_say() {
    let seed = std::env::var("SWITCHBOARD_SEED").unwrap_or_else(|_| "1".to_owned());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for role in ROLES {
        // What one role did is not there for the next: a run can be repeated by its seed.
        let host = Host::sample().await;
        let ran = Command::new("python3")
            .args(["-m", "schemathesis.cli", "run", &format!("{}/api/openapi.json", host.address)])
            .args(["--header", &format!("Authorization: Bearer {}", host.tokens[role])])
            .args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", &seed])
            .args(["--checks", CHECKS, "--exclude-path-regex", ENDLESS, "--continue-on-failure"])
            .args(["--generation-database", "none", "--warnings", "off", "--request-timeout", "30"])
            .env("PYTHONPATH", root.join("target/schemathesis"))
            .current_dir(host.data())
            .stdin(Stdio::null())
            .output();
        let ran = ran.await.expect("there is Python");
        let told = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(ran.status.success(), "as {role}:\n{told}{}", String::from_utf8_lossy(&ran.stderr));
        let cases = told.lines().find(|line| line.contains(" generated")).unwrap_or_default();
        println!("{role}, seed {seed}: {}", cases.trim());
        let [selected, tested] = ["Selected: ", "Tested: "].map(|word| number(&told, word));
        assert!(tested == selected && tested >= OPERATIONS_MIN, "the operations are tested: {told}");
    }
}

/// The number after a word.
fn number(told: &str, word: &str) -> usize {
    let after = told.split(word).nth(1).unwrap_or_default();
    let digits = after.find(|of: char| !of.is_ascii_digit()).unwrap_or(after.len());
    after[..digits].parse().unwrap_or_default()
}
