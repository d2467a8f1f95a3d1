/** Runs as one page that needs no network. */
package dev.convoy.report.page;
