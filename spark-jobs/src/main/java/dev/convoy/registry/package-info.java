/**
 * Models with their history on any Hadoop file system that creates files exclusively: immutable versions, aliases as chains of entries,
 * decisions, and leases that keep whoever was taken for dead from publishing. Knows files and models, but neither Spark nor who trains.
 */
package dev.convoy.registry;
