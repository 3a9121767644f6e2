// Package testdb gives tests a database and a Redis. A database is a clone of a
// template that has the current schema, made once for each state of the migration
// files. It knows nothing of chatd but the schema, so that the tests of any package
// can use it, those inside the package too.
//
// What a test binary shares (its database, servers it had to start) is made when
// the first test asks and ended by Main. Without Main the databases are dropped by
// the next test binary, and servers end with the process. All functions are safe
// for parallel tests.
package testdb
