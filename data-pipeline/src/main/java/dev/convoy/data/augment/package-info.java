/** Random changes of training images, which depend on the seed, the epoch and the image alone. Knows no plan and no Spark. */
package dev.convoy.data.augment;
