/**
 * Training from Java, for programs of one's own. With {@code dev.convoy.predict} and {@code dev.convoy.ml} this is what is promised to stay;
 * docs/api.md says how it changes.
 */
package dev.convoy.api;
