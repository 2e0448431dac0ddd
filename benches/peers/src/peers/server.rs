//! The PostgreSQL server that two peers share: a fresh database for each run.

use tokio_postgres::{Client, Config, NoTls};

use crate::peer::Place;

/// Who the server was initialised by.
pub const USER: &str = "postgres";

/// Connections of a pool: enough to fill a group commit. On two cores 16 and 64 were not
/// seen to be faster.
pub const CONNECTIONS: usize = 32;

/// The database that a run has to itself.
pub const DATABASE: &str = "peers";

/// How to reach a database of the server.
pub fn config(place: &Place, database: &str) -> Config {
    let mut config = Config::new();
    config.host(socket(place)).user(USER).dbname(database);
    config
}

/// The folder of the server's socket.
pub fn socket(place: &Place) -> &str {
    place.postgres.as_deref().expect("`run` starts a server and names its socket")
}

/// Connects, outside of any pool.
pub async fn connect(place: &Place, database: &str) -> Client {
    let (client, connection) = config(place, database).connect(NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    client
}

/// Makes the run's database anew, with a schema, and lets the server write what it owes the disk.
pub async fn fresh_database(place: &Place, schema: &str) {
    let maintenance = connect(place, USER).await;
    drop_database(&maintenance).await;
    maintenance.execute(&format!("CREATE DATABASE {DATABASE}"), &[]).await.expect("a database is made");
    connect(place, DATABASE).await.batch_execute(schema).await.expect("the schema is legal");
    maintenance.execute("CHECKPOINT", &[]).await.expect("a checkpoint is made");
}

/// Counts the rows of a table, of a part of it, or of a query.
pub async fn count(place: &Place, of: &str) -> usize {
    let query = format!("SELECT count(*) FROM {of}");
    let row = connect(place, DATABASE).await.query_one(&query, &[]).await.expect("the table is counted");
    row.get::<_, i64>(0) as usize
}

/// Removes the run's database.
pub async fn remove_database(place: &Place) {
    drop_database(&connect(place, USER).await).await;
}

async fn drop_database(maintenance: &Client) {
    let drop = format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)");
    maintenance.execute(&drop, &[]).await.expect("the database is dropped");
}
