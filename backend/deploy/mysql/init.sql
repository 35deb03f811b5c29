-- No password is in this file. The images of MySQL and MariaDB make the account themselves if they get MYSQL_USER=auth_user and MYSQL_PASSWORD from a
-- secret, and then run this file. Elsewhere, run it as an administrator, and then: ALTER USER 'auth_user'@'%' IDENTIFIED BY '...' ACCOUNT UNLOCK;
CREATE DATABASE IF NOT EXISTS auth DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Nobody can sign in to an account that is locked.
CREATE USER IF NOT EXISTS 'auth_user'@'%' ACCOUNT LOCK;
REVOKE ALL PRIVILEGES, GRANT OPTION FROM 'auth_user'@'%';

-- The service makes and changes its tables itself, hence CREATE, ALTER and INDEX. It never drops one.
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON auth.* TO 'auth_user'@'%';
