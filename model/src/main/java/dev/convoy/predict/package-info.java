/** What trained models say of images. Needs no Spark. */
package dev.convoy.predict;
