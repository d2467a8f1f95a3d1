/** The command line: arguments, progress, exit codes. The only room that prints. */
package dev.convoy.cli;
