/** Networks that have a name. */
package dev.convoy.model.zoo;
